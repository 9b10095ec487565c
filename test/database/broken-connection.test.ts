import { execFileSync } from 'node:child_process';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/database/open-database.ts';
import { postgresql } from '../support/test-database.ts';

/** Ends the backend as soon as it is idle, from another process. */
const terminate = `
  const { Client } = require('pg');
  (async () => {
    const client = new Client(process.argv[1]);
    await client.connect();
    const backend = "from pg_stat_activity where application_name = 'malipo' and datname = current_database()";
    for (;;) {
      const { rows } = await client.query('select pg_terminate_backend(pid) ' + backend + " and state = 'idle'");
      if (rows.length > 0) break;
    }
    while ((await client.query('select 1 ' + backend)).rows.length > 0);
    await client.end();
  })();`;

it.skipIf(!postgresql.available)(
  'a connection that breaks on its way from one user to the next does not end the process',
  async () => {
    await using own = await postgresql.settings();
    if (own.settings.kind !== 'postgresql') throw new Error('It is no PostgreSQL');
    await using database = await openDatabase({ ...own.settings, connectionsMax: 1 });
    await using watcher = await connect(own.settings.url);
    await database.reach();

    // Prisma asks only once somebody waits.
    const first = database.prisma.$queryRaw`select 1 as one from pg_sleep(1)`.then((rows) => rows);
    const asleep = `select 1 from pg_stat_activity where datname = current_database() and query like '%pg_sleep(1)%' and state = 'active' and pid <> pg_backend_pid()`;
    await expect.poll(async () => (await watcher.query(asleep)).rows.length, { timeout: 10_000 }).toBe(1);
    const next = database.prisma.$transaction((tx) => tx.$queryRaw`select 1`);
    const outcome = expect(next).rejects.toThrow();
    // By then it waits for the one connection.
    for (let turns = 0; turns < 50; turns += 1) await new Promise(setImmediate);
    // While we are held up here the answer and the end of the connection arrive together.
    execFileSync(process.execPath, ['-e', terminate, own.settings.url]);

    expect(await first).toEqual([{ one: 1 }]);
    await outcome;
    expect(await database.prisma.$queryRaw`select 2 as two`).toEqual([{ two: 2 }]);
  },
);

async function connect(url: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    query: (statement: string) => client.query(statement),
    [Symbol.asyncDispose]: () => client.end(),
  };
}
