export type Point = { x: number; y: number };

/** Per unit of `x`. `upper`: with 95 % confidence it is no more than this. */
export type Slope = { slope: number; upper: number };

/** By least squares, of at least three points; as if what lies between them were chance. */
export function slopeOf(points: readonly Point[]): Slope {
  const freedom = points.length - 2;
  if (freedom < 1) throw new Error('A slope needs three points');
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const missed = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const error = Math.sqrt(missed / freedom / spread);
  return { slope, upper: slope + studentT95(freedom) * error };
}

/** One-sided, by the first terms of its expansion around the normal distribution: within 1 % from 5 degrees of freedom on. */
function studentT95(freedom: number): number {
  const z = 1.6449;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return z + first / freedom + second / freedom ** 2;
}
