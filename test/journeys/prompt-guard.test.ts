import { describe, expect, it } from 'vitest';
import { startDeployment } from '../support/deployment.ts';
import { databases, postgresql } from '../support/test-database.ts';
import { issueKey } from '../support/keys.ts';
import { reservedPayer, TestApp, type Initiated } from '../support/test-app.ts';

/** Of this number nothing is heard: its prompt stays open. */
const silentPayer = reservedPayer(29);

describe.each(databases.filter(({ available }) => available))('on the $name database', (database) => {
  it('a second prompt for one phone is refused with what to do and when', async () => {
    await using test = await TestApp.start({ databases: database, env: { PROMPT_GUARD: 'on' } });
    await test.pay({ phoneNumber: silentPayer });
    const refused = await test.initiate({ phoneNumber: silentPayer });
    expect(refused).toEqual({
      transaction: null,
      watchToken: null,
      watchTokenExpiresAt: null,
      replayed: false,
      userErrors: [
        {
          code: 'PROMPT_ALREADY_OPEN',
          path: ['input', 'phoneNumber'],
          retryable: true,
          retryAfterSeconds: expect.any(Number),
          message: expect.stringMatching(/Ask again in \d+ seconds, with the same key\.$/),
        },
      ],
    });
  });

  it('a client that asks too fast is told so about its whole input', async () => {
    await using test = await TestApp.start({
      databases: database,
      env: { PROMPT_GUARD: 'on', PROMPT_GUARD_PER_CLIENT_PER_SECOND: '2' },
    });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, nn) => test.initiate({ phoneNumber: `25471200000${String(nn)}` })),
    );
    const refusals = answers.flatMap(({ userErrors }) => userErrors);
    expect(refusals.length).toBeGreaterThan(0);
    for (const error of refusals) {
      expect(error).toMatchObject({
        code: 'RATE_LIMITED',
        path: ['input'],
        retryable: true,
        retryAfterSeconds: 1,
      });
    }
  });
});

it('the simulator’s payers may be prompted without end unless the guard is switched on', async () => {
  await using test = await TestApp.start({
    overrides: { darajaTimeouts: { totalMs: 500 } },
  });
  const payers = Array.from({ length: 31 }, (_, nn) => reservedPayer(nn));
  const ask = (phoneNumber: string): Promise<Initiated> => test.initiate({ phoneNumber });
  const answers = await Promise.all([...payers, ...payers, ...payers, ...payers].map(ask));
  expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual([]);
}, 120_000);

describe.skipIf(!postgresql.available)('two servers on one PostgreSQL', () => {
  it('prompt one phone once, of 20 requests of two clients under different keys', async () => {
    await using deployment = await startDeployment({
      hints: () => ({ kind: 'memory' }),
      env: { PROMPT_GUARD: 'on', PROMPT_GUARD_PER_CLIENT_PER_SECOND: '1000' },
      // No payer answers before the last has asked.
      simulator: { delayMs: 600_000 },
    });
    const { apps, prisma } = deployment;
    const keys = [
      await issueKey(prisma, ['payments:initiate']),
      await issueKey(prisma, ['payments:initiate']),
    ];
    for (let round = 0; round < 3; round += 1) {
      const phoneNumber = `25471234567${String(round)}`;
      const document = `mutation ($input: InitiateStkPushInput!) {
        initiateStkPush(input: $input) { transaction { id } userErrors { code } } }`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const idempotencyKey = `${String(round)}-${String(index)}`;
          const input = { phoneNumber, amount: 10, accountReference: 'ORDER-1', idempotencyKey };
          const app = apps[index % 2 === 0 ? 0 : 1];
          const { data } = await app.graphql(document, { input }, keys[index % 4 < 2 ? 0 : 1]?.key);
          return data?.['initiateStkPush'] as Pick<Initiated, 'transaction' | 'userErrors'>;
        }),
      );
      expect(answers.filter(({ transaction }) => transaction !== null)).toHaveLength(1);
      const codes = answers.flatMap(({ userErrors }) => userErrors.map(({ code }) => code));
      expect(codes).toEqual(Array.from({ length: 19 }, () => 'PROMPT_ALREADY_OPEN'));
      expect(await prisma.transaction.count({ where: { phoneNumber } })).toBe(1);
      expect(await prisma.attempt.count({ where: { transaction: { phoneNumber } } })).toBe(1);
    }
  });

  it('keep to what one client may ask for in a second, whichever of them it asks', async () => {
    await using deployment = await startDeployment({
      hints: () => ({ kind: 'memory' }),
      env: { PROMPT_GUARD: 'on', PROMPT_GUARD_PER_CLIENT_PER_SECOND: '5' },
    });
    const { apps, prisma } = deployment;
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        apps[index % 2 === 0 ? 0 : 1].initiate({ phoneNumber: `2547112233${String(index + 10)}` }),
      ),
    );
    const rows = await prisma.transaction.findMany({ select: { createdAt: true }, orderBy: { id: 'asc' } });
    const times = rows.map(({ createdAt }) => createdAt.getTime());
    // Whatever the machine was at: between one payment and the fifth after it lies a second.
    times.forEach((time, index) =>
      expect((times[index + 5] ?? Infinity) - time).toBeGreaterThanOrEqual(1_000),
    );
  });
});
