const eatOffsetMs = 3 * 60 * 60 * 1000;

/** The parts of a moment in East Africa Time (UTC+3, no summer time): every id and date of Daraja is in it. */
export type EatTime = { year: string; month: string; day: string; clock: string; milliseconds: number };

/** `clock` is HHmmss. */
export function eatTime(at: Date): EatTime {
  const text = new Date(at.getTime() + eatOffsetMs).toISOString();
  return {
    year: text.slice(0, 4),
    month: text.slice(5, 7),
    day: text.slice(8, 10),
    clock: text.slice(11, 19).replaceAll(':', ''),
    milliseconds: at.getUTCMilliseconds(),
  };
}
