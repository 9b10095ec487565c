import type { Arrival } from './recording-proxy.ts';

export type Findings = {
  queries: number;
  refused: number;
  /** The most queries that arrived within any 60 s. */
  mostInAnyMinute: number;
  smallestGapSeconds: number;
  /** Who was asked about, in order: `w` a watched payment, `-` one that nobody watches. */
  order: string;
  accessTokens: number;
};

export function findingsOf(
  queries: readonly Arrival[],
  watchedIds: ReadonlySet<string>,
  accessTokens: number,
): Findings {
  const times = queries.map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
  return {
    queries: queries.length,
    refused: queries.filter(({ status }) => status === 429).length,
    mostInAnyMinute: Math.max(
      0,
      ...times.map((start) => times.filter((atMs) => atMs >= start && atMs < start + 60_000).length),
    ),
    smallestGapSeconds: Math.min(...gaps) / 1_000,
    order: queries.map(({ checkoutRequestId }) => (watchedIds.has(checkoutRequestId) ? 'w' : '-')).join(''),
    accessTokens,
  };
}

/** What is wrong with them; nothing, if all is well. */
export function problemsOf(findings: Findings, perMinute: number, watched: number): string[] {
  const { queries, refused, mostInAnyMinute, order, accessTokens } = findings;
  return [
    ...(queries === 0 ? ['Nothing was asked.'] : []),
    ...(mostInAnyMinute > perMinute ? [`${mostInAnyMinute} queries arrived within a minute.`] : []),
    ...(refused > 0 ? [`The simulator refused ${refused} queries.`] : []),
    ...(accessTokens === 1 ? [] : [`${accessTokens} access tokens were fetched.`]),
    ...(order === expectedOrder(queries, watched) ? [] : ['Watched payments did not come first.']),
  ];
}

/** Four of five slots go to watched payments while there are any that were not asked about. */
function expectedOrder(queries: number, watched: number): string {
  let left = watched;
  return Array.from({ length: queries }, (_, slot) => {
    if (slot % 5 === 4 || left === 0) return '-';
    left -= 1;
    return 'w';
  }).join('');
}
