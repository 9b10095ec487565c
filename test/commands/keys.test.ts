import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueKey } from '../support/keys.ts';
import { TestApp, testKey } from '../support/test-app.ts';

const command = fileURLToPath(new URL('../../src/commands/keys.ts', import.meta.url));

let test: TestApp;
beforeAll(async () => {
  test = await TestApp.start();
});
afterAll(() => test[Symbol.asyncDispose]());

/** Runs the command as npm does, without a terminal, against the server of the test. */
async function keys(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [command, ...args], {
    env: { PATH: process.env['PATH'], MALIPO_KEY: testKey, ...env },
    timeout: 20_000,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
const atServer = (...args: string[]) => keys([...args, '--url', test.url]);
const createArgs = (client: string) => [
  'create',
  '--client',
  client,
  '--name',
  'till 1',
  '--scope',
  'payments:read',
];

type Shown = { id: string; key: string; clientName: string; scopes: string[]; expiresAt: string | null };
const asJson = async (...args: string[]): Promise<Shown> => {
  const { stdout, stderr, code } = await atServer(...args, '--json');
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return JSON.parse(stdout) as Shown;
};

const serves = async (key: string): Promise<boolean> =>
  (await test.graphql('{ server { version } }', {}, key)).status === 200;

it('create prints the key alone, for a script to take, and says the rest beside it', async () => {
  const { code, stdout, stderr } = await atServer(
    ...createArgs('Duka'),
    '--scope',
    'metrics',
    '--days',
    '90',
  );
  expect(stdout).toMatch(/^mlp_test_[\w-]{32}\n$/);
  expect(await serves(stdout.trim())).toBe(true);
  expect(stderr).toMatch(
    /^Made mlp_test_[\w-]{4}… of Duka, “till 1” \(payments:read, metrics\), until \d{4}-\d\d-\d\d \d\d:\d\dZ\.$/m,
  );
  expect(stderr).toMatch(/told this once/);
  expect(stderr).not.toContain(stdout.trim());
  expect(code).toBe(0);
});

it('create --json has all of it on one line', async () => {
  const made = await asJson(...createArgs('Json shop'));
  expect(made).toMatchObject({ clientName: 'Json shop', scopes: ['payments:read'], expiresAt: null });
  expect(await serves(made.key)).toBe(true);
});

it('list shows what is active, and with --all what was, without any key', async () => {
  const [one, other] = [await asJson(...createArgs('Listed')), await asJson(...createArgs('Listed'))];
  await atServer('revoke', other.id);
  const active = await atServer('list', '--client', 'Listed');
  expect(active.stdout).toMatch(/^CLIENT +NAME +KEY +SCOPES +STATE +LAST USED +ID$/m);
  expect(active.stdout).toMatch(
    new RegExp(`^Listed +till 1 +mlp_test_[\\w-]{4}… +payments:read +active +never +${one.id}$`, 'm'),
  );
  expect(active.stdout).not.toContain(other.id);
  const all = await atServer('list', '--client', 'Listed', '--all');
  expect(all.stdout).toMatch(new RegExp(`revoked \\d{4}.* +${other.id}$`, 'm'));
  const json = await atServer('list', '--client', 'Listed', '--all', '--json');
  expect((JSON.parse(json.stdout) as Shown[]).map(({ id }) => id)).toEqual([other.id, one.id]);
  for (const { key } of [one, other])
    expect([active, all, json].map(({ stdout }) => stdout).join('')).not.toContain(key);
  expect((await atServer('list', '--client', 'Nobody')).stdout).toBe('There are none.\n');
});

it('list shows more keys than a page has', async () => {
  const { clientId } = await issueKey(test.prisma, []);
  for (let index = 0; index < 104; index += 1) await issueKey(test.prisma, [], { clientId });
  const { stdout } = await atServer('list', '--client', `test ${clientId}`, '--json');
  expect(JSON.parse(stdout)).toHaveLength(105);
});

it('rotate prints the successor, and the old key goes on for the overlap', async () => {
  const old = await asJson(...createArgs('Rotated'));
  const { stdout, stderr, code } = await atServer('rotate', old.id, '--overlap', '3600');
  expect([await serves(old.key), await serves(stdout.trim())]).toEqual([true, true]);
  expect(stderr).toMatch(/goes on until \d{4}-/);
  expect(code).toBe(0);
  const { key, id } = await asJson(...createArgs('Rotated'));
  const next = await asJson('rotate', id, '--overlap', '0');
  expect([await serves(key), await serves(next.key)]).toEqual([false, true]);
});

it('revoke ends a key', async () => {
  const { id, key } = await asJson(...createArgs('Revoked'));
  const { stdout, code } = await atServer('revoke', id);
  expect(stdout).toMatch(/^Revoked mlp_test_[\w-]{4}… of Revoked, “till 1” \(payments:read\)\.$/m);
  expect(code).toBe(0);
  expect(await serves(key)).toBe(false);
});

describe('what the server refuses is said without a stack, and ends with 1', () => {
  it.each([
    { args: ['revoke', 'x'], says: /^ {2}id: There is no such key\.$/m },
    { args: ['rotate', 'x'], says: /^ {2}id: There is no such key\.$/m },
    {
      args: [...createArgs(''), '--scope', 'root'],
      says: /^ {2}clientName: .*\n {2}scopes: .*payments:read/m,
    },
  ])('$args', async ({ args, says }) => {
    const { code, stdout, stderr } = await atServer(...args);
    expect(stderr).toMatch(/^Malipo refused:$/m);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('a key without admin', async () => {
    const { key } = await issueKey(test.prisma, ['payments:manage']);
    const { code, stderr } = await keys(['list', '--url', test.url], { MALIPO_KEY: key });
    expect(stderr).toMatch(/needs a key with the scope admin/);
    expect(stderr).not.toContain(key);
    expect(code).toBe(1);
  });

  it('a key that it does not know', async () => {
    const { code, stderr } = await atServer('list', '--key', 'mlp_test_of_another_server');
    expect(stderr).toMatch(/refused the key[^]*npm run keys -- --key/);
    expect(stderr).not.toContain('mlp_test_of_another');
    expect(code).toBe(1);
  });

  it('a server that is not there', async () => {
    const { code, stderr } = await keys(['list', '--url', 'http://127.0.0.1:1']);
    expect(stderr).toMatch(/No Malipo answers at http:\/\/127\.0\.0\.1:1/);
    expect(code).toBe(1);
  });
});

describe('arguments that nothing can be done with end with 2', () => {
  it.each([
    { args: [], says: /Say first what to do/ },
    { args: ['destroy'], says: /There is no "destroy"/ },
    { args: ['toString'], says: /There is no "toString"/ },
    { args: ['create', '--client', 'x'], says: /Give --client, --name and at least one --scope/ },
    { args: [...createArgs('x'), '--days', '1.5'], says: /--days must be a whole number/ },
    { args: [...createArgs('x'), 'payments:manage'], says: /What is "payments:manage" for\?/ },
    { args: ['revoke'], says: /Give the id of one key/ },
    { args: ['revoke', 'a', 'b'], says: /Give the id of one key/ },
    { args: ['rotate', 'a', '--overlap', 'a day'], says: /--overlap must be a whole number/ },
    { args: ['list', '--everything'], says: /Unknown option '--everything'/ },
  ])('$args', async ({ args, says }) => {
    const { code, stdout, stderr } = await atServer(...args);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

it.each([
  [[], ['create', 'list', 'rotate', 'revoke']],
  [['create'], ['--client', '--name', '--scope', '--days']],
  [['list'], ['--client', '--all']],
  [['rotate'], ['--overlap']],
  [['revoke'], ['<id>']],
])('%j --help tells of every option', async (args, options) => {
  const { code, stdout } = await keys([...args, '--help']);
  for (const option of [...options, '--url', '--key', '--json', 'Exit code'])
    expect(stdout).toContain(option);
  expect(code).toBe(0);
});
