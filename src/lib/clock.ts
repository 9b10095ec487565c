/** The time, as a value that can be passed in: the one thing that tests replace. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };
