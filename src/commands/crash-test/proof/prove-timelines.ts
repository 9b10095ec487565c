import type { Change, Facts, Stored } from './facts.ts';
import type { Finding } from './finding.ts';

/** Events count from 1 without gaps, end where the payment is, never leave COMPLETED, and the API tells the same. */
export function proveTimelines({ stored, timelines }: Facts): Finding[] {
  return stored.flatMap((row) => [
    ...proveSequence(row),
    ...proveCompletedOnce(row),
    ...proveToldAlike(row, timelines.get(row.globalId)),
  ]);
}

function proveSequence({ key, status, sequence, events }: Stored): Finding[] {
  const last = events.at(-1);
  const isGapless = events.every((event, index) => event.sequence === index + 1);
  if (!isGapless) return [{ kind: 'gap', about: key, why: `its events are ${told(events)}` }];
  if (last?.sequence === sequence && last.status === status) return [];
  return [
    { kind: 'gap', about: key, why: `it is ${status} at ${sequence}, and its events are ${told(events)}` },
  ];
}

/** It is completed once, and the details that a query could not give come once. */
const completionsMax = 2;

function proveCompletedOnce({ key, events }: Stored): Finding[] {
  const first = events.findIndex(({ status }) => status === 'COMPLETED');
  if (first === -1) return [];
  const left = events.slice(first).some(({ status }) => status !== 'COMPLETED');
  if (left) return [{ kind: 'reordered', about: key, why: `it left COMPLETED: ${told(events)}` }];
  if (events.length - first <= completionsMax) return [];
  return [{ kind: 'doubled', about: key, why: `it was completed again and again: ${told(events)}` }];
}

function proveToldAlike({ key, events }: Stored, timeline: readonly Change[] | undefined): Finding[] {
  if (timeline === undefined) return [{ kind: 'lost', about: key, why: 'the API does not list it' }];
  if (told(timeline) === told(events)) return [];
  return [
    { kind: 'reordered', about: key, why: `the API tells ${told(timeline)}, stored are ${told(events)}` },
  ];
}

function told(changes: readonly Change[]): string {
  return changes.map(({ sequence, status }) => `${sequence} ${status}`).join(', ') || 'none';
}
