import { isFinal } from './final-statuses.ts';
import type { Change, Facts, Stored, Watched } from './facts.ts';
import type { Finding } from './finding.ts';

/** Every watcher was told every change after the first that it saw, each once, in order, and to the end. */
export function proveWatchers({ stored, watched }: Facts): Finding[] {
  const rows = new Map(stored.map((row) => [row.globalId, row]));
  return watched.flatMap((watcher, index) => {
    const row = rows.get(watcher.globalId);
    // That a payment is not there is another proof's finding.
    return row === undefined ? [] : proveWatcher(watcher, row, `watcher ${index} of ${row.key}`);
  });
}

function proveWatcher({ seen, ended }: Watched, { events }: Stored, about: string): Finding[] {
  const find = (kind: Finding['kind'], why: string): Finding => ({
    kind,
    about,
    why: `${why}: told ${list(seen)} of ${list(events)}`,
  });
  const findings = seen.flatMap((change, index): Finding[] => {
    const before = seen[index - 1]?.sequence;
    if (before !== undefined) {
      if (change.sequence === before) return [find('doubled', `${change.sequence} was told twice`)];
      if (change.sequence < before) return [find('reordered', `${change.sequence} was told after ${before}`)];
      if (change.sequence > before + 1) return [find('gap', `${before + 1} was left out`)];
    }
    const isTrue = events[change.sequence - 1]?.status === change.status;
    return isTrue ? [] : [find('wrong', `${change.sequence} was not ${change.status}`)];
  });
  return [...findings, ...proveEnd(seen, ended, events).map((why) => find('gap', why))];
}

/** Proof of payment may come after a failure, so a stream may end with any final change; one that goes on has it all. */
function proveEnd(seen: readonly Change[], ended: boolean, events: readonly Change[]): string[] {
  const last = seen.at(-1);
  if (last === undefined) return ['nothing was told'];
  if (ended) return isFinal(last.status) ? [] : ['it ended before the payment did'];
  if (last.sequence !== events.at(-1)?.sequence) return ['the latest change was not told'];
  return isFinal(last.status) ? ['its stream did not end with the payment'] : [];
}

function list(changes: readonly Change[]): string {
  return `[${changes.map(({ sequence, status }) => `${sequence} ${status}`).join(', ')}]`;
}
