import { renderResult } from './render-result.ts';
import { renderTable } from './render-table.ts';
import type { Result } from './result.ts';

const opening = `# What was measured

\`npm run bench\` writes this page; works that were not run keep what was measured before. Subjects of a table were measured in
turn, round after round. A rate is the median over the rounds, with the lowest and the highest. Ratios are of medians, with
their 90 % bootstrap interval over the rounds; a target that is a ratio holds if the lower end does. Load generator,
PostgreSQL and server shared the machine. CPU times are of whole processes, for each answered request.`;

/** \`RESULTS.md\`, out of the last result of each work. */
export function renderPage(results: readonly Result[]): string {
  return `${[opening, ...results.map(section), ...machines(results)].join('\n\n')}\n`;
}

function section(result: Result): string {
  const { work, summary, date, commit, rounds, seconds } = result;
  const how = `${date.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}, rounds: ${rounds}, seconds of each: ${seconds}.`;
  return `## ${work}\n\n${capital(summary)}.\n\n${how}\n\n${renderResult(result)}`;
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Each machine once, with the works that it did. */
function machines(results: readonly Result[]): string[] {
  const groups = Map.groupBy(results, ({ machine }) => JSON.stringify(machine));
  return [...groups.values()].map((group) => {
    const rows = Object.entries(group[0]?.machine ?? {}).map(([what, value]) => ({ what, value }));
    return `## The machine of ${group.map(({ work }) => work).join(', ')}\n\n${renderTable(rows)}`;
  });
}
