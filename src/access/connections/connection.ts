import type { Viewer } from '../viewer.ts';

/** Why what is open is closed. */
export type Ending =
  /** The key was revoked or expired, or the watch token ran out. */
  | 'credential-ended'
  /** Its client is to connect anew, to wherever it is sent. */
  | 'too-old';

/** A socket or an event stream, open under the credential that it was opened with. */
export type Connection = {
  viewer: Viewer;
  /** In milliseconds since 1970; `Infinity`: never. */
  oldAtMs: number;
  /** Queries and mutations that are under way on it. */
  answering: number;
  close(ending: Ending): void;
};

/** All that is open in this process. */
export type Connections = Set<Connection>;
