import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { startReplay, type ReplayDeps } from '../../../src/callbacks/spool/replay.ts';
import type { Spool } from '../../../src/callbacks/spool/spool.ts';
import { judgement } from '../../../src/transactions/decide/evidence.ts';
import { recordOf, spoolsOfEachTest, textOf } from './support/test-spool.ts';

const { open, folder, parts, lines, logger, complaints } = spoolsOfEachTest();

/** A replay into a database that does what the test says, and what it was told. */
function replaying(spool: Spool, changes: Partial<ReplayDeps> = {}) {
  const database = { isThere: true, refuses: (_text: string) => false };
  const batches: string[][] = [];
  let isAway = true;
  const replay = startReplay({
    spool,
    logger,
    inbox: { isDatabaseAway: () => isAway, databaseIsBack: () => (isAway = false) },
    store: async (submissions) => {
      const texts = submissions.map(textOf);
      batches.push(texts);
      if (!database.isThere || texts.some(database.refuses)) throw new Error('refused');
      return submissions.map(() => judgement('APPLIED', 'Stored.'));
    },
    matchUnmatched: () => Promise.resolve(),
    databaseAnswers: () => Promise.resolve(database.isThere),
    retryMs: 20,
    ...changes,
  });
  parts().use(replay);
  return { replay, database, batches, isAway: () => isAway };
}

const recordFiles = () => readdirSync(folder()).filter((name) => name.endsWith('.records'));
const untilEmpty = (spool: Spool) => vi.waitFor(() => expect(spool.isEmpty).toBe(true), 10_000);

describe('the replay of a spool', () => {
  it('stores in the order of arrival, and says when it is done', async () => {
    const spool = await open();
    const texts = Array.from({ length: 450 }, (_, index) => String(index));
    for (const text of texts) await spool.append(recordOf(text));
    const { batches, isAway } = replaying(spool);
    await untilEmpty(spool);
    expect(batches.flat()).toEqual(texts);
    expect(batches.length).toBeLessThan(5);
    expect(isAway()).toBe(false);
    expect(recordFiles()).toEqual([]);
    await vi.waitFor(() =>
      expect(lines.map(({ msg, kept, replayed }) => ({ msg, kept, replayed }))).toEqual([
        { msg: 'callbacks are kept in the spool from now on' },
        { msg: 'the spool is empty again', kept: 450, replayed: 450 },
      ]),
    );
  });

  it('goes on behind a record that cannot be stored, keeps it, and tries it again', async () => {
    const spool = await open();
    for (const text of ['1', 'bad', '2']) await spool.append(recordOf(text));
    const { database, batches } = replaying(spool);
    database.refuses = (text) => text === 'bad';
    await vi.waitFor(() => expect(spool.records).toBe(1), 5_000);
    await spool.append(recordOf('3'));
    await vi.waitFor(() => expect(batches).toContainEqual(['3']), 5_000);
    expect(spool.records).toBe(1);
    expect(complaints()[1]).toContain('cannot be stored although the database answers');
    database.refuses = () => false;
    await untilEmpty(spool);
    expect(batches.filter((texts) => texts.includes('1'))).toEqual([['1', 'bad', '2'], ['1']]);
  });

  it('does not make file after file while what is in them is refused', async () => {
    const spool = await open();
    await spool.append(recordOf('bad'));
    const { database } = replaying(spool, { retryMs: 60_000 });
    database.refuses = () => true;
    await vi.waitFor(() => expect(complaints()).toHaveLength(2), 5_000);
    for (const text of ['1', '2', '3', '4']) {
      await spool.append(recordOf(text));
      await delay(600);
    }
    expect(recordFiles()).toHaveLength(2);
  });

  it('gives up a file that somebody took away, and says so', async () => {
    const spool = await open();
    await spool.append(recordOf('1'));
    await spool.close();
    for (const name of recordFiles()) rmSync(join(folder(), name));
    replaying(spool);
    await untilEmpty(spool);
    expect(complaints()).toContain('a file of the spool is gone, and with it what was in it');
  });

  it('waits for a database that goes away meanwhile, and goes on where it was', async () => {
    const spool = await open();
    const texts = Array.from({ length: 250 }, (_, index) => String(index));
    for (const text of texts) await spool.append(recordOf(text));
    const { database, batches } = replaying(spool);
    database.refuses = () => {
      if (batches.length === 1) return false;
      database.isThere = false;
      return true;
    };
    await vi.waitFor(() => expect(batches).toHaveLength(2), 5_000);
    await vi.waitFor(() => expect(spool.records).toBe(50), 5_000);
    database.refuses = () => false;
    database.isThere = true;
    await untilEmpty(spool);
    expect(batches).toEqual([texts.slice(0, 200), texts.slice(200), texts.slice(200)]);
    expect(complaints()).toEqual(['callbacks are kept in the spool from now on']);
  });

  it('stops at once while a database hangs, and leaves the rest to the next process', async () => {
    const before = await open();
    for (const text of ['1', '2']) await before.append(recordOf(text));
    let asked = 0;
    const store = () => {
      asked += 1;
      return new Promise<never>(() => undefined);
    };
    const { replay } = replaying(before, { store });
    await vi.waitFor(() => expect(asked).toBe(1), 5_000);
    await replay[Symbol.asyncDispose]();
    await before[Symbol.asyncDispose]();

    const after = await open();
    const { batches } = replaying(after);
    await vi.waitFor(() => expect(batches).toEqual([['1', '2']]), 5_000);
    await untilEmpty(after);
  });

  it('matches the callbacks that waited for the id that an answer brings', async () => {
    const spool = await open();
    const { kind: _kind, ...arrival } = recordOf('');
    const evidence = { source: 'DARAJA_ANSWER', attempt: 1, merchantRequestId: null } as const;
    const transactionId = '0199f2a0-0000-7000-8000-000000000001';
    await spool.append({
      kind: 'answer',
      id: arrival.id,
      receivedAt: arrival.receivedAt,
      transactionId,
      evidence: { ...evidence, kind: 'prompt-accepted', checkoutRequestId: 'ws_CO_1' },
    });
    const matched: string[] = [];
    replaying(spool, { matchUnmatched: async (checkoutRequestId) => void matched.push(checkoutRequestId) });
    await untilEmpty(spool);
    expect(matched).toEqual(['ws_CO_1']);
  });
});
