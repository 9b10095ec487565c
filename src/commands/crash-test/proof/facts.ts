/** One post of a callback to one Malipo process. */
export type CallbackPost = {
  transactionId: string;
  attempt: number;
  /** SHA-256 of its body. */
  hash: string;
  /** Null: no process answered, so that nobody knows whether it was stored. */
  status: number | null;
  /** When it was posted, and how long the answer took, in milliseconds. */
  at: number;
  ms: number;
};

/** What the body of a callback says. */
export type Saying = { kind: 'paid'; receipt: string } | { kind: 'failed' } | { kind: 'unreadable' };

/** One payment as its client knows it. */
export type Asked = {
  key: string;
  /** The account reference, by which the simulator's prompts are told apart. */
  reference: string;
  phone: string;
  amount: number;
  /** The ids that its request and the repeats of it were answered with; empty: it never was. */
  answers: string[];
};

/** One request that reached the simulator and was not refused. */
export type Prompt = {
  reference: string;
  /** What the payer decided; null: nothing, or nobody was asked. */
  resultCode: string | null;
};

export type Change = { sequence: number; status: string };

/** One row of transactions, with its events. */
export type Stored = {
  id: string;
  /** The id that the API gives it. */
  globalId: string;
  key: string;
  status: string;
  sequence: number;
  receipt: string | null;
  isQueryable: boolean;
  events: Change[];
};

/** How often a body is known to have come to an attempt of a transaction. */
export type Kept = { transactionId: string | null; attempt: number | null; hash: string; times: number };

/** What one watcher was told, in the order in which it was told. */
export type Watched = {
  globalId: string;
  seen: Change[];
  /** Whether the stream said that all was told. */
  ended: boolean;
};

/** All that is known when everything has come to rest. */
export type Facts = {
  asked: readonly Asked[];
  posts: readonly CallbackPost[];
  sayings: ReadonlyMap<string, Saying>;
  prompts: readonly Prompt[];
  stored: readonly Stored[];
  kept: readonly Kept[];
  /** By global id. */
  timelines: ReadonlyMap<string, readonly Change[]>;
  watched: readonly Watched[];
  /** How often each Malipo process ended although nobody had ended it. */
  crashes: readonly { name: string; times: number }[];
};
