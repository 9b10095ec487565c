import { Pool } from 'pg';
import { describe, expect, it } from 'vitest';
import { transactionOn } from '../../src/database/postgres-sql.ts';
import type { Sql } from '../../src/database/sql.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { postgresql } from '../support/test-database.ts';

/** Transactions on one connection at a time, over a network that can be made to fail. */
async function openTransactions() {
  await using parts = new AsyncDisposableStack();
  const { settings } = parts.use(await postgresql.settings());
  if (settings.kind !== 'postgresql') throw new Error('It is no PostgreSQL');
  const network = parts.use(await startTcpProxy(settings.url));
  const pool = new Pool({ connectionString: network.url, max: 1, query_timeout: 500 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  parts.defer(() => pool.end());
  await pool.query('create table notes (note text)');
  const opened = parts.move();
  return {
    network,
    transaction: transactionOn(pool),
    notes: async () => (await pool.query<{ note: string }>('select note from notes')).rows,
    backend: async () => (await pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const note = (sql: Sql) => sql`insert into notes (note) values ('half')`;

describe.skipIf(!postgresql.available)('a transaction on PostgreSQL', () => {
  it('of which a statement is refused leaves nothing, and its connection to the next', async () => {
    await using own = await openTransactions();
    const before = await own.backend();
    const work = own.transaction(async (sql) => {
      await note(sql);
      await sql`select 1 / 0`;
    });
    await expect(work).rejects.toThrow('division by zero');
    expect(await own.notes()).toEqual([]);
    expect(await own.backend()).toBe(before);
  });

  it('whose work fails by itself leaves nothing', async () => {
    await using own = await openTransactions();
    const work = own.transaction(async (sql) => {
      await note(sql);
      throw new Error('our mistake');
    });
    await expect(work).rejects.toThrow('our mistake');
    expect(await own.notes()).toEqual([]);
  });

  it('that does not begin hands its connection to nobody', async () => {
    await using own = await openTransactions();
    const before = await own.backend();
    own.network.freeze();
    await expect(own.transaction(note)).rejects.toThrow('timeout');
    own.network.heal();
    expect(await own.backend()).not.toBe(before);
    expect(await own.notes()).toEqual([]);
  });

  it('that loses its connection leaves nothing, and the next has another', async () => {
    await using own = await openTransactions();
    const work = own.transaction(async (sql) => {
      await note(sql);
      own.network.cut();
      await note(sql);
    });
    await expect(work).rejects.toThrow();
    expect(await own.notes()).toEqual([]);
    await own.transaction(note);
    expect(await own.notes()).toHaveLength(1);
  });
});
