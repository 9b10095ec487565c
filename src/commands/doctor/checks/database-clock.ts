import type { Check } from '../check.ts';
import { judgeSkew } from '../probes/judge-skew.ts';
import { onPostgres } from './on-postgres.ts';

/** Leases and the budget of queries go by the database's clock, callbacks and tokens by that of this machine. */
export const databaseClock: Check = {
  name: 'database-clock',
  settings: ['DATABASE_URL'],
  after: ['database'],
  run: onPostgres(({ skew }) => [judgeSkew('the database', skew)]),
};
