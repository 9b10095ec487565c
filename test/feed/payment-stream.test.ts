import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PrismaClient } from '../../src/database/database.ts';
import type { Sql } from '../../src/database/sql.ts';
import type { TransactionStatus } from '../../src/database/generated/prisma/enums.ts';
import { awaitFinal } from '../../src/feed/await-payment.ts';
import { startCatchUp } from '../../src/feed/catch-up.ts';
import { createChangeReader, type ChangeReader } from '../../src/feed/change-reader.ts';
import { PulledChanges } from '../../src/feed/pulled-changes.ts';
import { PaymentStream } from '../../src/feed/payment-stream.ts';
import { createWatchers, type Watchers } from '../../src/feed/watchers.ts';
import { newId } from '../../src/lib/ids.ts';
import { storeChange } from '../support/changes.ts';
import { storePayment } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';
import { testLogger } from '../support/log-record.ts';

const occurredAt = new Date('2026-11-24T07:10:00Z');

onEachDatabase('the changes of a payment', (opened) => {
  let prisma: PrismaClient;
  let sql: Sql;
  let reader: ChangeReader;
  let watchers: Watchers;
  let id: string;
  beforeAll(() => {
    ({ prisma, sql } = opened());
    reader = createChangeReader(sql, (read) => read());
  });
  beforeEach(async () => {
    watchers = createWatchers();
    ({ id } = await storePayment(prisma, { status: 'REQUESTED' }));
  });

  const pushed = () => new PaymentStream({ reader, watchers }, id, null);
  const watch = (afterSequence: number | null = null) =>
    new PulledChanges(new PaymentStream({ reader, watchers }, id, afterSequence));

  const change = (status: TransactionStatus) => storeChange(prisma, id, status, occurredAt);

  async function changeAloud(status: TransactionStatus): Promise<void> {
    await change(status);
    watchers.wake([id]);
  }

  async function read(stream: PulledChanges, count: number): Promise<string[]> {
    const told: string[] = [];
    while (told.length < count) {
      const { value } = await stream.next();
      told.push(value === undefined ? 'end' : `${String(value.sequence)} ${value.status}`);
    }
    return told;
  }

  it('begin with the present state', async () => {
    await change('AWAITING_PAYER');
    await using stream = watch();
    expect(await stream.next()).toMatchObject({
      done: false,
      value: { transactionId: id, sequence: 2, status: 'AWAITING_PAYER', isFinal: false, occurredAt },
    });
  });

  it('come one by one, in order, and end after the final one', async () => {
    await using stream = watch();
    expect(await read(stream, 1)).toEqual(['1 REQUESTED']);
    await changeAloud('AWAITING_PAYER');
    expect(await read(stream, 1)).toEqual(['2 AWAITING_PAYER']);
    await changeAloud('COMPLETED');
    expect(await read(stream, 3)).toEqual(['3 COMPLETED', 'end', 'end']);
  });

  it('come as soon as they are told of, to one who waits', async () => {
    await using stream = watch();
    await read(stream, 1);
    const waiting = read(stream, 2);
    await changeAloud('FAILED');
    expect(await waiting).toEqual(['2 FAILED', 'end']);
  });

  it('that happened while nobody read come all, each once', async () => {
    await using stream = watch();
    await read(stream, 1);
    await changeAloud('UNCONFIRMED');
    await changeAloud('AWAITING_PAYER');
    await changeAloud('COMPLETED');
    expect(await read(stream, 4)).toEqual(['2 UNCONFIRMED', '3 AWAITING_PAYER', '4 COMPLETED', 'end']);
  });

  it('of a final payment are one, and the end', async () => {
    await change('CANCELLED');
    await using stream = watch();
    expect(await read(stream, 2)).toEqual(['2 CANCELLED', 'end']);
  });

  it('that come between the subscription and the first read are not lost', async () => {
    // More than once: where the change falls within the first read is the database's to say.
    for (let round = 0; round < 10; round += 1) {
      ({ id } = await storePayment(prisma, { status: 'REQUESTED' }));
      await using stream = watch(1);
      const first = read(stream, 2);
      await changeAloud('COMPLETED');
      expect(await first).toEqual(['2 COMPLETED', 'end']);
    }
  });

  it('are not told again by a hint without a change', async () => {
    await using stream = watch();
    await read(stream, 1);
    const waiting = read(stream, 1);
    for (let hint = 0; hint < 5; hint += 1) watchers.wake([id]);
    await changeAloud('AWAITING_PAYER');
    expect(await waiting).toEqual(['2 AWAITING_PAYER']);
  });

  describe('after a sequence', () => {
    beforeEach(async () => {
      await change('AWAITING_PAYER');
      await change('CANCELLED');
      await change('COMPLETED');
    });

    it.each([
      [0, ['1 REQUESTED', '2 AWAITING_PAYER', '3 CANCELLED', '4 COMPLETED', 'end']],
      [1, ['2 AWAITING_PAYER', '3 CANCELLED', '4 COMPLETED', 'end']],
      [3, ['4 COMPLETED', 'end']],
      [4, ['end']],
      [99, ['end']],
    ])('%i are those that came later', async (afterSequence, told) => {
      await using stream = watch(afterSequence);
      expect(await read(stream, told.length)).toEqual(told);
    });

    it('say of each whether it was final at that moment', async () => {
      await using stream = watch(1);
      const finals: boolean[] = [];
      for await (const { isFinal } of stream) finals.push(isFinal);
      expect(finals).toEqual([false, true, true]);
    });
  });

  it('after the present sequence of an open payment are waited for', async () => {
    await using stream = watch(1);
    const waiting = read(stream, 1);
    await changeAloud('AWAITING_PAYER');
    expect(await waiting).toEqual(['2 AWAITING_PAYER']);
  });

  it('of a payment that is not there are none', async () => {
    const nobody = new PaymentStream({ reader, watchers }, newId(occurredAt), null);
    await using stream = new PulledChanges(nobody);
    expect(await read(stream, 1)).toEqual(['end']);
  });

  it('of which there are hundreds come all', async () => {
    await prisma.transactionEvent.createMany({
      data: Array.from({ length: 250 }, (_, index) => ({
        transactionId: id,
        sequence: index + 2,
        status: 'AWAITING_PAYER' as const,
        source: 'QUERY' as const,
        occurredAt,
        message: 'Changed by a test.',
      })),
    });
    await using stream = watch(1);
    const told = await read(stream, 250);
    expect([told[0], told.at(-1), new Set(told).size]).toEqual([
      '2 AWAITING_PAYER',
      '251 AWAITING_PAYER',
      250,
    ]);
  });

  it('reach many who watch, each as if alone', async () => {
    const streams = Array.from({ length: 20 }, () => watch());
    for (const stream of streams) await read(stream, 1);
    const told = streams.map((stream) => read(stream, 2));
    await changeAloud('COMPLETED');
    expect(new Set((await Promise.all(told)).map(String))).toEqual(new Set(['2 COMPLETED,end']));
    expect(watchers.known().ids).toEqual([]);
  });

  describe('when the watcher leaves', () => {
    it('end, for one who waits', async () => {
      const stream = watch(1);
      const waiting = stream.next();
      await expect.poll(() => watchers.known().ids).toEqual([id]);
      await stream.return();
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(watchers.known().ids).toEqual([]);
    });

    it('end, for one who leaves a loop', async () => {
      for await (const { status } of watch()) if (status === 'REQUESTED') break;
      expect(watchers.known().ids).toEqual([]);
    });

    it('leave nothing behind when nobody ever read', async () => {
      const stream = watch();
      await stream.return();
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(watchers.known().ids).toEqual([]);
    });
  });

  it('leave nothing behind at their end', async () => {
    await change('FAILED');
    await read(watch(), 2);
    expect(watchers.known().ids).toEqual([]);
  });

  describe('awaited', () => {
    it('are the final one', async () => {
      const awaited = awaitFinal(pushed(), 20_000, new AbortController().signal);
      await expect.poll(() => watchers.known().ids).toEqual([id]);
      await changeAloud('COMPLETED');
      expect(await awaited).toMatchObject({ status: 'COMPLETED' });
    });

    it('are the last one seen when the time is up', async () => {
      expect(await awaitFinal(pushed(), 200, new AbortController().signal)).toMatchObject({
        status: 'REQUESTED',
      });
      expect(watchers.known().ids).toEqual([]);
    });
  });

  it('awaited while the server stops are those that are known by then', async () => {
    const stopping = new AbortController();
    const awaited = awaitFinal(pushed(), 20_000, stopping.signal);
    await expect.poll(() => watchers.known().ids).toEqual([id]);
    stopping.abort();
    expect(await awaited).toMatchObject({ status: 'REQUESTED' });
    expect(await awaitFinal(pushed(), 20_000, stopping.signal)).toMatchObject({ status: 'REQUESTED' });
  });

  it('of which no hint came are found by catching up', async () => {
    await using _catchUp = startCatchUp({ sql, watchers, logger: testLogger, pauseMs: 200 });
    await using stream = watch();
    await read(stream, 1);
    const waiting = read(stream, 2);
    await change('COMPLETED');
    expect(await waiting).toEqual(['2 COMPLETED', 'end']);
  });

  it('that are watched are marked for reconciliation', async () => {
    await using _catchUp = startCatchUp({ sql, watchers, logger: testLogger, pauseMs: 200 });
    await using stream = watch();
    await read(stream, 1);
    const watchedUntil = async () =>
      (await prisma.openWork.findUnique({ where: { transactionId: id }, select: { watchedUntil: true } }))
        ?.watchedUntil;
    await expect.poll(watchedUntil, { timeout: 6_000 }).toBeInstanceOf(Date);
  });
});
