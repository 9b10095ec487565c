import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/open-database.ts';
import { readSimulatorSettings, type SimulatorSettings } from '../../src/simulator/settings.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { reservedPayer, rowId, TestApp, type TestOptions } from '../support/test-app.ts';
import { postgresql } from '../support/test-database.ts';

/** Two Malipos on one PostgreSQL, and one simulator that is neither's. */
async function startTwo(
  simulatorSettings: Partial<SimulatorSettings>,
  options: TestOptions = {},
): Promise<AsyncDisposable & { one: TestApp; other: TestApp; simulator: Simulator }> {
  await using parts = new AsyncDisposableStack();
  const { settings } = parts.use(await postgresql.settings());
  const simulator = parts.use(
    await createSimulator({ ...readSimulatorSettings({}), port: 0, delayMs: 20, ...simulatorSettings }),
  );
  const start = async () =>
    parts.use(
      await TestApp.start({
        ...options,
        databases: { ...postgresql, open: () => openDatabase(settings) },
        env: {
          MALIPO_SECRET: 'the-one-secret-of-both-processes-here',
          MPESA_ENVIRONMENT: 'simulator',
          MPESA_BASE_URL: simulator.url,
          ...options.env,
        },
      }),
    );
  const [one, other] = [await start(), await start()];
  const running = parts.move();
  return { one, other, simulator, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function statsOf({ url }: Simulator): Promise<{ oauthTokens: number; queries: number }> {
  return (await (await fetch(`${url}/_simulator/stats`)).json()) as { oauthTokens: number; queries: number };
}

describe.skipIf(!postgresql.available)('two processes on one database', () => {
  it.each(Array.from({ length: 5 }, (_, round) => round + 1))(
    'that push at the same time fetch one access token (round %i)',
    async () => {
      await using two = await startTwo({ newTokenCancelsOld: true });
      const { one, other, simulator } = two;
      const pushes = [one, other, one, other].map((test) => test.initiate());
      for (const { transaction } of await Promise.all(pushes))
        expect(transaction).toMatchObject({ failureReason: null });
      expect((await statsOf(simulator)).oauthTokens).toBe(1);
    },
  );

  it('ask within one budget, which the simulator never finds exceeded, and about watched payments first', async () => {
    const perMinute = 20;
    await using two = await startTwo(
      { queryLimitPerMinute: perMinute },
      { env: { STK_QUERY_BUDGET_PER_MINUTE: String(perMinute) }, config: { ladderMs: [3_600_000] } },
    );
    const { one, other, simulator } = two;
    const { prisma } = one;
    const askFor = (test: TestApp) => test.pay({ phoneNumber: reservedPayer(29) });
    const unwatched = [await askFor(one), await askFor(other), await askFor(one)];
    const watched = [await askFor(one), await askFor(other)];
    // Each at the process that did not push it.
    const watching = watched.map((id, index) => (index === 0 ? other : one).watch(id));
    for (const changes of watching) await changes.next();
    const countMarked = () => prisma.openWork.count({ where: { watchedUntil: { not: null } } });
    await expect.poll(countMarked, { timeout: 20_000 }).toBe(watched.length);
    await prisma.$executeRaw`
      update open_work w set next_check_at = t.created_at from transactions t where t.id = w.transaction_id`;

    // Each is planned anew, a day after its answer.
    const answered = () => prisma.openWork.findMany({ where: { rung: 1 }, orderBy: { nextCheckAt: 'asc' } });
    await expect.poll(async () => (await answered()).length, { timeout: 60_000 }).toBe(5);
    const order = (await answered()).map(({ transactionId }) => transactionId);
    expect(order.slice(0, 2).sort()).toEqual(watched.map(rowId).sort());
    expect(order.slice(2)).toEqual(unwatched.map(rowId));
    expect((await statsOf(simulator)).queries).toBe(5);
    // A refusal would have halved the rate.
    expect(await prisma.queryBudget.findMany()).toMatchObject([{ slotsTaken: 5n, halvedUntil: null }]);
    for (const changes of watching) await changes.return(undefined);
  }, 90_000);
});
