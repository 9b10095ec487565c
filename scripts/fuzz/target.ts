import type { Pool } from 'undici';

/** The server that is attacked. */
export type Target = {
  url: string;
  http: Pool;
  /** With every scope. */
  key: string;
};
