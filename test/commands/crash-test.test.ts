import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const command = fileURLToPath(new URL('../../src/commands/crash-test.ts', import.meta.url));

/** Runs the command as npm does; Ctrl+C once it has said `stopAt`. */
async function crashTest(args: string[], stopAt?: RegExp) {
  const child = spawn(process.execPath, [command, ...args], { env: { PATH: process.env['PATH'] } });
  let stdout = '';
  let stderr = '';
  let children: number[] = [];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (stopAt?.test(stderr) !== true || child.killed) return;
    children = childrenOf(child.pid ?? 0);
    child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr, children };
}

function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([child = 0, parent]) => (parent === pid ? [child] : []));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('loses, doubles and leaves out nothing while everything is killed, stopped and cut off', async () => {
  const args = ['--seconds', '30', '--seed', '11', '--rate', '10', '--json'];
  const { code, stdout, stderr } = await crashTest(args);
  const report: unknown = JSON.parse(stdout);
  expect(report, stderr).toMatchObject({
    passed: true,
    lost: 0,
    doubled: 0,
    gaps: 0,
    reordered: 0,
    wrong: 0,
    crashes: 0,
  });
  expect(code).toBe(0);
  const figures = report as Record<string, number>;
  expect(figures['kills']).toBeGreaterThanOrEqual(2);
  expect(figures['payments']).toBeGreaterThan(30);
  expect(figures['completed']).toBeGreaterThan(20);
  expect(figures['callbacks']).toBeGreaterThan(100);
  expect(figures['changesTold']).toBeGreaterThan(30);
}, 300_000);

it('leaves nothing behind when it is interrupted', async () => {
  const { code, stderr, children } = await crashTest(['--seconds', '60'], /\d payments/);
  expect(stderr).toMatch(/Stopped, and everything that was started with it/);
  expect(code).toBe(1);
  const [, folder = ''] = /logs are in (\S+)/.exec(stderr) ?? [];
  expect(folder).toMatch(/malipo-crash-test/);
  expect(existsSync(folder)).toBe(false);
  // PostgreSQL, Redis, the simulator and two of Malipo, one of which may be dead at that moment.
  expect(children.length).toBeGreaterThanOrEqual(4);
  expect(children.filter(isAlive)).toEqual([]);
}, 120_000);

it.each([
  { args: ['--seconds', 'many'], says: /--seconds must be a whole number from 1 to 86400/ },
  {
    args: ['--scenario', 'redis-outage', '--seconds', '20'],
    says: /--seconds must be a whole number from 35 to 86400/,
  },
  { args: ['--scenario', 'flood'], says: /--scenario must be one of faults, redis-outage/ },
  { args: ['--speed', '9'], says: /Unknown option '--speed'/ },
])('says what is wrong with $args, without a stack', async ({ args, says }) => {
  const { code, stderr } = await crashTest(args);
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code).toBe(1);
});

it('--help tells of every option', async () => {
  const { code, stdout } = await crashTest(['--help']);
  for (const option of ['--scenario', '--seconds', '--seed', '--processes', '--rate', '--json', '--keep']) {
    expect(stdout).toContain(option);
  }
  expect(code).toBe(0);
});
