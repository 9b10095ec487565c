import { expect, it } from 'vitest';
import { awaitDatabase } from '../../src/database/await-database.ts';
import { onEachDatabase } from '../support/test-database.ts';
import { testLogger } from '../support/log-record.ts';

onEachDatabase('a database that answers', (opened) => {
  const prepared = (prepare: () => Promise<void>) =>
    awaitDatabase({
      database: opened(),
      logger: testLogger,
      signal: new AbortController().signal,
      prepare,
    });

  it('may cut a connection off while it is prepared, and is prepared again', async () => {
    let tries = 0;
    await prepared(async () => {
      tries += 1;
      if (tries < 3) throw new Error('terminating connection due to administrator command');
    });
    expect(tries).toBe(3);
  });

  it('and that cannot be prepared ends the start', async () => {
    let tries = 0;
    const prepare = async () => {
      tries += 1;
      throw new Error('it belongs to another');
    };
    await expect(prepared(prepare)).rejects.toThrow('it belongs to another');
    expect(tries).toBe(3);
  });
});
