import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import type { Result } from '../../bench/report/result.ts';

const postgres = inject('postgresTemplate');
const bench = fileURLToPath(new URL('../../bench/bench.ts', import.meta.url));

async function run(...args: string[]): Promise<string> {
  const env = { ...process.env, BENCH_DATABASE_URL: postgres?.serverUrl };
  return (await promisify(execFile)(process.execPath, [bench, ...args], { env })).stdout;
}

test('the command says what it can measure', async () => {
  expect(await run('--help')).toMatch(/callbacks +genuine, distinct STK callbacks/);
});

test('a work that there is not is refused by name', async () => {
  await expect(run('callbcks')).rejects.toThrow('Nothing is called callbcks');
});

describe.skipIf(postgres === null)('on PostgreSQL', () => {
  test('callbacks are measured, and none is lost', { timeout: 120_000 }, async () => {
    const text = await run('callbacks', '--smoke', '--no-peers', '--no-write', '--json');
    const [result] = JSON.parse(text) as Result[];
    expect(result).toMatchObject({ work: 'callbacks', rounds: 1 });
    const lost = result?.targets.filter(({ target }) => target.endsWith('nothing lost'));
    expect(lost).toMatchObject([{ holds: true }, { holds: true }]);
  });
});
