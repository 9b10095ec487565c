import { expect, it } from 'vitest';
import type { Check } from '../../../src/commands/doctor/check.ts';
import { checks } from '../../../src/commands/doctor/checks.ts';
import { openContext } from '../../../src/commands/doctor/context.ts';
import { ok, problem, type Finding } from '../../../src/commands/doctor/finding.ts';
import { runChecks } from '../../../src/commands/doctor/run-checks.ts';

const fine = ok('FINE', 'Seen.', 'All is well.');
const bad = problem('BAD', 'Seen.', 'Something is wrong.', 'Mend it.');

const check = (name: string, run: Check['run'], changes: Partial<Check> = {}): Check => {
  return { name, settings: [], after: [], run, ...changes };
};

/** What was found, and what was told meanwhile, in its order. */
async function run(table: Check[], env: Record<string, string> = {}, msMax?: number) {
  await using context = openContext(env);
  const told: string[] = [];
  const findings = await runChecks(
    table,
    context,
    {
      started: (name) => told.push(`started ${name}`),
      found: (found) => told.push(...found.map(({ check: name }) => `found ${name}`)),
    },
    msMax,
  );
  return { told, findings, codes: findings.map(({ check: name, code }) => `${name} ${code}`) };
}

it('a check that fails takes no other down', async () => {
  const { codes, findings } = await run([
    check('first', () => Promise.reject(new Error('oh dear'))),
    check('second', () => [fine]),
  ]);
  expect(codes).toEqual(['first CHECK_BROKEN', 'second FINE']);
  expect(findings[0]).toMatchObject({ status: 'problem', saw: 'The check itself failed: oh dear' });
});

it('a check that never ends is given up', async () => {
  const { codes } = await run(
    [check('first', () => new Promise<Finding[]>(() => {})), check('second', () => [fine])],
    {},
    20,
  );
  expect(codes).toEqual(['first NO_ANSWER_IN_TIME', 'second FINE']);
});

it('independent checks run at once, and are told in the order of the table', async () => {
  const second = Promise.withResolvers<null>();
  const { told } = await run([
    check('first', async () => {
      await second.promise;
      return [fine];
    }),
    check('second', () => {
      second.resolve(null);
      return [fine];
    }),
  ]);
  expect(told).toEqual(['started first', 'started second', 'found first', 'found second']);
});

it('a check waits for those before it, and is left out when one of them has a problem or was left out', async () => {
  let ran = 0;
  const count = () => {
    ran += 1;
    return [fine];
  };
  const { codes } = await run([
    check('first', () => [fine, bad]),
    check('second', count, { after: ['first'] }),
    check('third', count, { after: ['second'] }),
    check('fourth', () => [fine]),
    check('fifth', count, { after: ['fourth'] }),
  ]);
  expect(codes).toEqual([
    'first FINE',
    'first BAD',
    'second AFTER_ANOTHER',
    'third AFTER_ANOTHER',
    'fourth FINE',
    'fifth FINE',
  ]);
  expect(ran).toBe(1);
});

it('a check is left out while a setting that it goes by is wrong, and only then', async () => {
  const { codes, findings } = await run(
    [
      check('first', () => [fine], { settings: ['PORT'] }),
      check('second', () => [fine], { settings: ['CALLBACK_PORT'] }),
    ],
    { PORT: 'many' },
  );
  expect(codes).toEqual(['first SETTING_WRONG', 'second FINE']);
  expect(findings[0]?.saw).toBe('PORT is not set as it must be.');
});

it('what a server repeats of a secret is not told', async () => {
  const secrets = {
    MPESA_BASE_URL: 'http://127.0.0.1:1',
    MPESA_CONSUMER_KEY: 'the-consumer-key',
    MPESA_CONSUMER_SECRET: 'the-consumer-secret',
    MPESA_PASSKEY: 'the-passkey',
    MALIPO_SECRET: 'the-secret-that-keys-callbacks-and-tokens',
    BOOTSTRAP_API_KEY: 'the-key-that-opens-everything',
    DATABASE_URL: 'postgresql://malipo:the%20database@127.0.0.1:1/malipo',
    REDIS_URL: 'redis://:the-redis@127.0.0.1:1',
  };
  const { MPESA_BASE_URL: _public, ...hidden } = secrets;
  const all = `${Object.values(hidden).join(' and ')} and the database`;
  const { findings } = await run([check('first', () => [problem('BAD', all, all, all)])], secrets);
  const said = JSON.stringify(findings);
  // The seven settings and one password as it is meant, in each of three texts.
  expect(said.match(/\[hidden\]/g)?.length).toBe(8 * 3);
  for (const text of [
    'the-consumer-key',
    'the-consumer-secret',
    'the-passkey',
    'that-keys',
    'that-opens',
    'the%20',
    'the-redis',
  ])
    expect(said).not.toContain(text);
});

it('the table names each check once, and what comes after another stands after it', () => {
  const names = checks.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const [index, { after }] of checks.entries()) {
    for (const name of after) expect(names.slice(0, index)).toContain(name);
  }
});
