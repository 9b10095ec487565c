import { styleText } from 'node:util';
import type { FindingStatus } from './finding.ts';
import type { Reported } from './run-checks.ts';

const styles: Record<FindingStatus, { word: string; colour: 'green' | 'yellow' | 'red' | 'dim' }> = {
  ok: { word: 'ok', colour: 'green' },
  warning: { word: 'warning', colour: 'yellow' },
  problem: { word: 'PROBLEM', colour: 'red' },
  skipped: { word: 'skipped', colour: 'dim' },
};

const indent = ' '.repeat(32);

/** What is well, or follows from what was just told, takes a line; the rest says what it means, what to do, and its code. */
export function tell({ check, status, code, saw, means, todo }: Reported): string {
  const { word, colour } = styles[status];
  const head = `${styleText(colour, word.padEnd(9))} ${check.padEnd(21)} ${saw}`;
  if (status === 'ok' || code === 'AFTER_ANOTHER') return head;
  const rest = [
    means,
    ...(todo === null ? [] : [`${styleText('bold', 'Do:')} ${todo}`]),
    styleText('dim', code),
  ];
  return [head, ...rest.map((line) => indent + line)].join('\n');
}

/** `2 problems, 1 warning, 0 skipped, 20 ok` */
export function sumUp(findings: readonly Reported[]): string {
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const plural = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;
  const text = `${plural(problems, 'problem')}, ${plural(warnings, 'warning')}, ${count('skipped')} skipped, ${count('ok')} ok`;
  return styleText(problems > 0 ? 'red' : warnings > 0 ? 'yellow' : 'green', text);
}
