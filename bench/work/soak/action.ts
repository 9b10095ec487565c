/** What is done so often, over and over. It throws when the answer is not the one that is expected. */
export type Action = { perSecond: number; act: () => Promise<unknown> };
