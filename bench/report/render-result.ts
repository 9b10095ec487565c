import type { WorkResult } from '../work.ts';
import { renderTable } from './render-table.ts';

/** The tables of a work, and what was aimed at. */
export function renderResult({ tables, targets }: WorkResult): string {
  const measured = tables.map(({ title, rows }) => `${title}:\n\n${renderTable(rows)}`);
  const aimed = targets.map(({ target, measured, holds }) => ({
    target,
    measured,
    holds: holds ? 'yes' : 'no',
  }));
  return [...measured, ...(aimed.length > 0 ? [renderTable(aimed)] : [])].join('\n\n');
}
