/** How far another clock is before ours (negative: behind), give or take. Milliseconds. */
export type Skew = { aheadMs: number; uncertainMs: number };

/** What the other clock said was read at some moment between question and answer. */
export function skewBetween(
  { askedAt, answeredAt }: { askedAt: Date; answeredAt: Date },
  theirs: Date,
  resolutionMs = 0,
): Skew {
  const halfMs = (answeredAt.getTime() - askedAt.getTime()) / 2;
  return {
    aheadMs: theirs.getTime() - (askedAt.getTime() + halfMs),
    uncertainMs: halfMs + resolutionMs,
  };
}
