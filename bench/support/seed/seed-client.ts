import { hashOfKey } from '../../../src/access/keys/hash-of-key.ts';
import type { RunSql } from './run-sql.ts';

/** Whose the seeded payments are, and its key, which is stored as keys are: to take it is a look-up. */
export const benchClient = {
  id: '00000000-0000-7000-8000-0000000000b1',
  key: 'mlp_test_a-stored-key-of-the-benchmarks',
};

export async function seedClient(run: RunSql): Promise<void> {
  const { id, key } = benchClient;
  await run(`insert into clients (id, name) values ('${id}', 'bench')`);
  await run(`
    insert into api_keys (id, client_id, name, hint, key_hash, scopes)
    values ('${id}', '${id}', 'bench', 'mlp_test_a-st', '${hashOfKey(key)}', '{payments:initiate,payments:read}')`);
}
