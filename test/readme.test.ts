import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildSchema, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../src/commands/crash-test/servers/free-port.ts';
import { recordOutput } from './support/log-record.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFile(join(root, file), 'utf8');
const readme = await read('README.md');

const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);

describe('the GraphQL examples of the README', async () => {
  const schema = buildSchema(await read('schema.graphql'));

  it('are there', () => expect(blocks('graphql').length).toBeGreaterThan(3));

  it.each(blocks('graphql'))('fit the schema: %s', (document) => {
    expect(validate(schema, parse(document))).toEqual([]);
  });
});

describe('the bash examples of the README, pasted one after the other', () => {
  let folder: string;
  let server: ChildProcess;
  let outputs: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'malipo-readme-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const [port, simulatorPort] = [await freePort(), await freePort()];
    const env = { PORT: String(port), SIMULATOR_PORT: String(simulatorPort) };
    server = await startServer(folder, port, env);
    const examples = blocks('bash').map((text) =>
      text
        .replaceAll('127.0.0.1:4000', `127.0.0.1:${port}`)
        .replaceAll('127.0.0.1:4100', `127.0.0.1:${simulatorPort}`),
    );
    outputs = await runInOneShell(folder, examples);
  }, 60_000);

  afterAll(async () => {
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true });
  });

  it('ask for a payment', () => {
    expect(JSON.parse(outputs[0] ?? '')).toEqual({
      data: {
        initiateStkPush: {
          transaction: { id: expect.any(String), status: 'AWAITING_PAYER' },
          watchToken: expect.any(String),
          userErrors: [],
        },
      },
    });
  });

  it('watch it over SSE to its receipt', () => {
    expect(outputs[1]).toMatch(/"status":"AWAITING_PAYER","isFinal":false/);
    expect(outputs[1]).toMatch(
      /"status":"COMPLETED","isFinal":true,"transaction":{"mpesaReceiptNumber":"\w{10}"}/,
    );
    expect(outputs[1]).toMatch(/event: complete/);
  });

  it('watch it over WebSocket', () => {
    expect(outputs[2]).toMatch(/^{ sequence: \d, status: 'COMPLETED', isFinal: true }$/m);
  });

  it('wait for it on the server', () => {
    expect(JSON.parse(outputs[3] ?? '')).toEqual({
      data: { awaitPayment: { status: 'COMPLETED', isFinal: true } },
    });
  });

  it('ask the simulator for its numbers and its payments', () => {
    expect(outputs[4]).toMatch(/"outcome":30/);
    expect(outputs[4]).toMatch(/{"phone":"254712345678","outcome":"cancelled by the payer"}/);
    expect(outputs[4]).toMatch(/"CheckoutRequestID":"ws_CO_/);
    expect(outputs).toHaveLength(5);
  });
});

describe('the README', () => {
  it('lists the settings that are read, and no other', async () => {
    const [, table = ''] = /^## Configuration$(.*?)^## /ms.exec(readme) ?? [];
    const listed = [...table.matchAll(/^\| `([A-Z][A-Z_]+)`/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(await settingsRead());
  });

  it('lists what the simulator lists', async () => {
    const source = await read('src/simulator/outcomes.ts');
    const reserved = [...source.matchAll(/^ {2}\/\* (\d\d) \*\//gm)].map(([, nn = '']) => `2547000000${nn}`);
    const listed = [...readme.matchAll(/^\| `(2547000000\d\d)` +\|/gm)].map(([, phone]) => phone);
    expect(listed).toEqual(reserved);
  });

  it('names files that exist', async () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(2);
    await Promise.all(links.map(read));
  });
});

it('.env.example names the settings that are read', async () => {
  const named = [...(await read('.env.example')).matchAll(/^#([A-Z_]+)=/gm)].map(([, name = '']) => name);
  expect(named.filter((name) => name !== 'MALIPO_KEY').toSorted()).toEqual(await settingsRead());
});

async function settingsRead(): Promise<string[]> {
  const sources = await Promise.all(
    [...globSync('src/config/*.ts', { cwd: root }), 'src/simulator/settings.ts'].map(read),
  );
  const reading = /\b(?:reader\.(?:text|secret|integer|list|choice)|read)\(\s*'([A-Z_]+)'/g;
  const names = sources.flatMap((source) => [...source.matchAll(reading)].map(([, name = '']) => name));
  return [...new Set(names)].toSorted();
}

/** As `npm start` does it, on a data directory of its own. */
async function startServer(cwd: string, port: number, env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(root, 'src/main.ts')], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  recordOutput(child);
  await vi.waitFor(
    async () => {
      expect(child.exitCode).toBeNull();
      expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).ok).toBe(true);
    },
    { timeout: 30_000, interval: 100 },
  );
  return child;
}

/** Each example's output. What one sets, the next one has. */
async function runInOneShell(cwd: string, examples: string[]): Promise<string[]> {
  const mark = '=== end of an example ===';
  const script = examples.map((example) => `${example}\necho "${mark}"`).join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-e', '-c', script], { cwd, timeout: 40_000 });
  return stdout.split(mark).slice(0, -1);
}
