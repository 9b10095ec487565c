import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canStartPostgres, startPostgres, type PostgresServer } from './postgres-server.ts';

describe.skipIf(!canStartPostgres)('a PostgreSQL of a test', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const ask = async () => {
    const client = new Client({ connectionString: server.url, connectionTimeoutMillis: 500 });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('create table if not exists kept (at timestamptz)');
    await client.query('insert into kept values (now())');
    const { rows } = await client.query<{ count: string }>('select count(*) from kept');
    await client.end();
    return Number(rows[0]?.count);
  };

  it('goes away and comes back with what it had', async () => {
    expect(await ask()).toBe(1);
    await server.stop();
    await expect(ask()).rejects.toThrow('ECONNREFUSED');
    await server.start();
    expect(await ask()).toBe(2);
    await server.kill();
    await expect(ask()).rejects.toThrow('ECONNREFUSED');
    await server.start();
    expect(await ask()).toBe(3);
  });

  it('hangs, also for those who are connected, and goes on', async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await server.pause();
    await expect(ask()).rejects.toThrow('timeout');
    let answered = false;
    const late = client.query('select 1').then(() => (answered = true));
    await expect(ask()).rejects.toThrow('timeout');
    expect(answered).toBe(false);
    await server.resume();
    expect(await late).toBe(true);
    await client.end();
  });
});
