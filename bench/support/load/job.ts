/** What the load generator is asked to do. */
export type LoadJob = {
  port: number;
  /** Requests, as `write-requests.ts` writes them. */
  file: string;
  connections: number;
  seconds: number;
  /** Whether each request is sent at most once; else they are sent again from the first. */
  isOnce: boolean;
  /** What the body of every 16th answer is searched for. */
  mustContain: string;
  /** So many a second, however fast they are answered; null: each connection sends when it was answered. */
  perSecond: number | null;
};

/** Times are in milliseconds: from the send, or with `perSecond` from when it was to be sent. */
export type LoadResult = {
  sent: number;
  /** Answered 200. */
  ok: number;
  seconds: number;
  /** Of the load generator itself. */
  cpuSeconds: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  maxMs: number;
  /** What was wrong, the first few: another status, another body, a connection that broke. */
  faults: string[];
  faultCount: number;
};
