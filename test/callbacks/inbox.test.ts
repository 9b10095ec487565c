import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { submissionOf, type Arrival } from '../../src/callbacks/arrival.ts';
import { createInbox, type InboxDeps } from '../../src/callbacks/inbox.ts';
import { newId } from '../../src/lib/ids.ts';
import { judgement } from '../../src/transactions/decide/evidence.ts';
import { settle } from '../../src/transactions/settle/settle.ts';
import { storePayment } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';
import { textOf } from './spool/support/test-spool.ts';
import { testLogger } from '../support/log-record.ts';

function arrivalOf(text: string, transactionId = '0199f2a0-0000-7000-8000-000000000001'): Arrival {
  const receivedAt = new Date();
  const address = { transactionId, attempt: 1 };
  return { id: newId(receivedAt), receivedAt, peer: '196.201.214.200', body: Buffer.from(text), address };
}

const applied = judgement('APPLIED', 'Stored.');
const never = () => new Promise<never>(() => undefined);

/** An inbox whose database does what the test says, and what reached the one and the other. */
function setUp(changes: Partial<InboxDeps> = {}) {
  const batches: string[][] = [];
  const spooled: string[] = [];
  let store: (texts: readonly string[]) => Promise<void> = () => Promise.resolve();
  let answers = true;
  const inbox = createInbox({
    store: async (submissions) => {
      const texts = submissions.map(textOf);
      batches.push(texts);
      await store(texts);
      return submissions.map(() => applied);
    },
    databaseAnswers: () => Promise.resolve(answers),
    spool: async (arrival) => void spooled.push(textOf(arrival)),
    ...changes,
  });
  return {
    inbox,
    batches,
    spooled,
    take: (text: string) => inbox.take(arrivalOf(text)).then(({ where }) => where),
    database: (does: typeof store, isThere: boolean) => {
      store = does;
      answers = isThere;
    },
  };
}

const refused = () => Promise.reject(new Error('connect ECONNREFUSED'));

describe('an inbox', () => {
  it('stores in the database, and says how it was judged', async () => {
    const { inbox, spooled } = setUp();
    expect(await inbox.take(arrivalOf('1'))).toEqual({ where: 'database', judgement: applied });
    expect(spooled).toEqual([]);
  });

  it('spools what one database refuses that answers, and only that', async () => {
    const { inbox, take, database, batches, spooled } = setUp();
    database((texts) => (texts.includes('bad') ? refused() : Promise.resolve()), true);
    const taken = await Promise.all(['1', '2', 'bad', '3'].map(take));
    expect(taken).toEqual(['database', 'database', 'spool', 'database']);
    expect(spooled).toEqual(['bad']);
    expect(batches).toEqual([['1', '2', 'bad', '3'], ['1'], ['2'], ['bad'], ['3']]);
    expect(inbox.isDatabaseAway()).toBe(false);
  });

  it('stores all the others of a large batch of which one is refused', async () => {
    const { take, database, spooled } = setUp();
    database((texts) => (texts.includes('bad') ? refused() : delay(20)), true);
    const good = Array.from({ length: 60 }, (_, index) => `good ${index}`);
    await Promise.all([...good, 'bad'].map(take));
    expect(spooled).toEqual(['bad']);
  });

  it('spools everything at once while the database is away, and asks it nothing', async () => {
    const { inbox, take, database, batches, spooled } = setUp();
    database(refused, false);
    expect(await take('1')).toBe('spool');
    expect(inbox.isDatabaseAway()).toBe(true);
    expect(await Promise.all(['2', '3'].map(take))).toEqual(['spool', 'spool']);
    expect(spooled).toEqual(['1', '2', '3']);
    expect(batches).toEqual([['1']]);

    database(() => Promise.resolve(), true);
    inbox.databaseIsBack();
    expect(await take('4')).toBe('database');
  });

  it('does not try one by one what a database that is away refused', async () => {
    const { take, database, batches } = setUp();
    database(refused, false);
    expect(await Promise.all(['1', '2', '3'].map(take))).toEqual(['spool', 'spool', 'spool']);
    expect(batches).toEqual([['1', '2', '3']]);
  });

  it('waits two seconds for a database that hangs, and those who come then wait no longer than the first', async () => {
    const { inbox, take, database, batches, spooled } = setUp();
    database(never, false);
    const first = take('1');
    await delay(1_500);
    const later = take('2');
    const order: string[] = [];
    await Promise.all([first.then(() => order.push('1')), later.then(() => order.push('2'))]);
    expect(order).toEqual(['1', '2']);
    expect(inbox.isDatabaseAway()).toBe(true);
    expect(spooled).toEqual(['1', '2']);
    // Each in a batch of its own: two may be under way.
    expect(batches).toEqual([['1'], ['2']]);
  });

  it('leaves few batches behind in a database that answers and stores nothing', async () => {
    const { inbox, take, database, batches } = setUp();
    database(never, true);
    for (let round = 0; round < 5; round += 1) {
      inbox.databaseIsBack();
      expect(await take(String(round))).toBe('spool');
    }
    expect(batches).toHaveLength(3);
  }, 30_000);

  it('stores in time those who have just come, though a crowd before them came too fast', async () => {
    const { take, database, batches, spooled } = setUp();
    database(() => delay(900), true);
    // Two at once and two hundred in each: four are in time, two more are under way when the patience of all ends.
    await Promise.all(Array.from({ length: 1_100 }, (_, index) => take(`early ${index}`)));
    expect(spooled).toHaveLength(300);
    expect(await take('late')).toBe('database');
    expect(batches.map((texts) => texts.length)).toEqual([200, 200, 200, 200, 200, 100, 1]);
  }, 30_000);

  it('lets no more than it can serve wait for the database', async () => {
    const { take, database, spooled } = setUp();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    database(() => promise, true);
    const waiting = Array.from({ length: 5_000 }, (_, index) => take(`${index}`));
    expect(await take('one too many')).toBe('spool');
    expect(spooled).toEqual(['one too many']);
    resolve(undefined);
    await Promise.all(waiting);
  }, 30_000);

  it('refuses what neither can keep', async () => {
    const full = new Error('The spool is full');
    const { take, database } = setUp({ spool: () => Promise.reject(full) });
    database(refused, false);
    await expect(take('1')).rejects.toThrow(full);
    await expect(take('2')).rejects.toThrow(full);
  });
});

onEachDatabase('a commit of which nobody heard', (opened) => {
  it('has one effect, although its callback is spooled and replayed', async () => {
    const { prisma } = opened();
    const { id: transactionId, checkoutRequestId } = await storePayment(prisma);
    const deps = { ...opened(), announce: () => undefined, logger: testLogger };
    const Item = [{ Name: 'MpesaReceiptNumber', Value: 'UKO1234567' }];
    const stkCallback = { CheckoutRequestID: checkoutRequestId, ResultCode: 0, ResultDesc: 'Success' };
    const body = JSON.stringify({ Body: { stkCallback: { ...stkCallback, CallbackMetadata: { Item } } } });
    const spooled: Arrival[] = [];
    const { inbox } = setUp({
      store: async (submissions) => {
        await settle(deps, submissions);
        throw new Error('Connection terminated unexpectedly');
      },
      databaseAnswers: () => Promise.resolve(false),
      spool: async (arrival) => void spooled.push(arrival),
    });
    expect(await inbox.take(arrivalOf(body, transactionId))).toEqual({ where: 'spool' });
    expect(await settle(deps, spooled.map(submissionOf))).toMatchObject([{ verdict: 'DUPLICATE' }]);
    const row = await prisma.transaction.findUniqueOrThrow({
      where: { id: transactionId },
      include: { events: true, evidence: true },
    });
    expect(row).toMatchObject({ status: 'COMPLETED', sequence: 2, attention: [] });
    expect(row.evidence).toMatchObject([{ verdict: 'APPLIED', repeats: 0 }]);
    expect(row.events).toHaveLength(2);
  });
});
