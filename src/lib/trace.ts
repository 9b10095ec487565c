/** Names what a piece of work was about. Never a person: ids of payments, counts and outcomes. */
export type SpanAttributes = Readonly<Record<string, string | number | readonly string[]>>;

/** Does a piece of work, and notes how long it took, what it was part of and whether it failed, for whoever traces. */
export type Trace = <T>(name: string, attributes: SpanAttributes, work: () => Promise<T>) => Promise<T>;

/** For everyone who does not trace: costs a call. */
export const untraced: Trace = (_name, _attributes, work) => work();
