import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/config/env.ts';
import { startScriptedServer, type ScriptedServer } from '../daraja/support/scripted-daraja.ts';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';
import { paymentInput, testKey } from '../support/test-app.ts';
import { embedded, postgresql, type TestDatabases, type TestSettings } from '../support/test-database.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'malipo-restart-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

async function ready(server: ServerProcess, port: number): Promise<void> {
  await vi.waitFor(async () => {
    const response = await fetch(`http://127.0.0.1:${String(port)}/health/ready`);
    expect(response.status, server.output()).toBe(200);
  }, 20_000);
}

/** What a start that must fail said, which is for people: no stack of it. */
async function refusal(env: Env, args: readonly string[] = []): Promise<string> {
  await using server = spawnServer({ DATA_DIR: dataDir, PORT: '0', ...env }, args);
  expect(await server.exit, server.output()).toBe(1);
  const said = server.output();
  expect(said).not.toMatch(/^\s+at |node:internal|\.ts:\d+/m);
  return said.trim();
}

const secret = 'a-secret-of-at-least-thirty-two-characters';

describe('a start with settings that cannot work', () => {
  it('is refused in one message that names them all', async () => {
    const said = await refusal({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      MALIPO_SECRET: 'short',
      BOOTSTRAP_API_KEY: 'short',
      DATABASE_URL: 'mysql://127.0.0.1/malipo',
      RECONCILE_LADDER_SECONDS: '60,soon',
      TRUSTED_PROXIES: 'proxy.example',
      MPESA_BUSINESS_SHORTCODE_FILE: join(dataDir, 'missing'),
      MPESA_ENVIRONMENT: 'simulator',
    });
    expect(said.split('\n')[0]).toBe('Malipo cannot start with these settings:');
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'MALIPO_SECRET',
      'BOOTSTRAP_API_KEY',
      'DATABASE_URL',
      'RECONCILE_LADDER_SECONDS',
      'TRUSTED_PROXIES',
      'MPESA_BUSINESS_SHORTCODE_FILE',
    ]) {
      expect(said).toContain(`  - ${name} `);
    }
    // What was given may be a secret in the wrong place.
    expect(said).not.toContain('short\n');
    expect(said).not.toContain('mysql:');
  });

  it('in production without DATABASE_URL is refused, together with all else that is missing', async () => {
    const said = await refusal({ MPESA_ENVIRONMENT: 'production' });
    for (const name of [
      'DATABASE_URL',
      'MALIPO_SECRET',
      'CALLBACK_BASE_URL',
      'MPESA_CONSUMER_KEY',
      'MPESA_CONSUMER_SECRET',
      'MPESA_PASSKEY',
      'MPESA_BUSINESS_SHORTCODE',
    ]) {
      expect(said).toContain(`  - ${name} is missing`);
    }
  });

  it('that leave out M-Pesa is refused where other machines can reach it', async () => {
    expect(await refusal({ HOST: '0.0.0.0' })).toMatch(
      /MPESA_ENVIRONMENT must be set, because HOST 0\.0\.0\.0/,
    );
  });

  it('on a port that is taken is refused, and says which', async () => {
    await using taken = await startScriptedServer();
    const { port } = new URL(taken.url);
    const said = await refusal({ PORT: port, MPESA_BASE_URL: taken.url });
    expect(said).toContain(port);
    expect(said).toContain('PORT');
  });
});

it('--help says how to start, and starts nothing', async () => {
  for (const flag of ['--help', '-h']) {
    await using server = spawnServer({ DATA_DIR: dataDir, PORT: 'none' }, [flag]);
    expect(await server.exit).toBe(0);
    expect(server.output()).toMatch(/^Usage: npm start/);
  }
});

describe('a data directory', () => {
  it('that a running server owns is refused to a second one, which names the owner, and is free after it', async () => {
    const port = await freePort();
    const simulator = { SIMULATOR_PORT: '0' };
    {
      await using owner = spawnServer({ DATA_DIR: dataDir, PORT: String(port), ...simulator });
      await ready(owner, port);
      const said = await refusal(simulator);
      expect(said).toContain(dataDir);
      expect(said).toContain(`process ${String(owner.pid)},`);
      // The owner has not felt it.
      await ready(owner, port);
    }
    // It was killed, not stopped: its lock died with it.
    await using next = spawnServer({ DATA_DIR: dataDir, PORT: String(port), ...simulator });
    await ready(next, port);
  });
});

type Kind = { name: string; available: boolean; databases: TestDatabases };
const kinds: Kind[] = [embedded, postgresql].map((databases) => ({
  name: databases.name,
  available: databases.available,
  databases,
}));

/** The variables by which a process finds its database. */
function databaseEnv({ settings }: TestSettings): Env {
  return settings.kind === 'postgresql' ? { DATABASE_URL: settings.url } : {};
}

describe.each(kinds.filter(({ available }) => available))('a database ($name)', ({ name, databases }) => {
  it('belongs to the environment and the secret that first used it', async () => {
    await using own = await databases.settings();
    const env: Env = { ...databaseEnv(own), MALIPO_SECRET: secret, SIMULATOR_PORT: '0' };
    const port = await freePort();
    {
      await using first = spawnServer({ DATA_DIR: dataDir, PORT: String(port), ...env });
      await ready(first, port);
      expect(await first.kill('SIGTERM')).toBe(0);
    }
    const sandbox = {
      MPESA_ENVIRONMENT: 'sandbox',
      MPESA_CONSUMER_KEY: 'key',
      MPESA_CONSUMER_SECRET: 'secret',
      MPESA_PASSKEY: 'passkey',
      MPESA_BUSINESS_SHORTCODE: '174379',
      CALLBACK_BASE_URL: 'https://pay.example.co.ke',
    };
    expect(await refusal({ ...env, ...sandbox })).toMatch(
      /belongs to the SIMULATOR environment.*for SANDBOX/,
    );
    const other = `another-${secret}`;
    const foreign = await refusal({ ...env, MALIPO_SECRET: other });
    expect(foreign).toMatch(/^MALIPO_SECRET is not the one/);
    expect(foreign).not.toContain(secret);

    // Secrets change the same way in both, and the embedded one takes seconds to open.
    if (name === 'embedded') return;
    // A new secret is taken while the old one is listed behind it, and from then on alone.
    for (const secrets of [`${other},${secret}`, other]) {
      await using rotated = spawnServer({
        DATA_DIR: dataDir,
        PORT: String(port),
        ...env,
        MALIPO_SECRET: secrets,
      });
      await ready(rotated, port);
      expect(await rotated.kill('SIGTERM')).toBe(0);
    }
  });
});

/** Takes pushes, and answers them when the test says so. */
async function startPatientDaraja() {
  const waiting: (() => void)[] = [];
  const daraja: ScriptedServer = await startScriptedServer((response, { url }) => {
    if (url.startsWith('/oauth/')) {
      response.end(JSON.stringify({ access_token: 'a-token', expires_in: '3599' }));
      return;
    }
    waiting.push(
      () =>
        void response.end(
          JSON.stringify({
            MerchantRequestID: 'm-1',
            CheckoutRequestID: 'ws_CO_1',
            ResponseCode: '0',
            ResponseDescription: 'Success',
            CustomerMessage: 'Success',
          }),
        ),
    );
  });
  return { daraja, waiting };
}

describe.each(kinds.filter(({ available }) => available))(
  'a server ($name) that is told to stop',
  ({ name, databases }) => {
    // Both signals run the same code; the embedded database takes seconds to open.
    it.each(name === 'embedded' ? (['SIGTERM'] as const) : (['SIGTERM', 'SIGINT'] as const))(
      'by %s waits for the answer to a push, keeps it, and exits with 0',
      async (signal) => {
        await using own = await databases.settings();
        const { daraja, waiting } = await startPatientDaraja();
        await using _daraja = daraja;
        const port = await freePort();
        const env: Env = {
          DATA_DIR: dataDir,
          PORT: String(port),
          BOOTSTRAP_API_KEY: testKey,
          MPESA_BASE_URL: daraja.url,
          ...databaseEnv(own),
        };
        const ask = async (query: string, variables = {}): Promise<Record<string, unknown>> => {
          const response = await fetch(`http://127.0.0.1:${String(port)}/graphql`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: `Bearer ${testKey}` },
            body: JSON.stringify({ query, variables }),
          });
          return ((await response.json()) as { data: Record<string, unknown> }).data;
        };
        const document = `mutation ($input: InitiateStkPushInput!) {
        initiateStkPush(input: $input) { transaction { status } } }`;
        {
          await using server = spawnServer(env);
          await ready(server, port);
          const answer = ask(document, { input: paymentInput() });
          await vi.waitFor(() => expect(waiting).toHaveLength(1), 10_000);
          const stopped = server.kill(signal);
          // It takes no one new while it waits.
          await vi.waitFor(async () => {
            await expect(fetch(`http://127.0.0.1:${String(port)}/health/live`)).rejects.toThrow();
          }, 5_000);
          waiting[0]?.();
          expect(await answer).toEqual({ initiateStkPush: { transaction: { status: 'AWAITING_PAYER' } } });
          expect(await stopped, server.output()).toBe(0);
        }
        await using again = spawnServer(env);
        await ready(again, port);
        expect(await ask('{ transactions { nodes { status checkoutRequestId } } }')).toEqual({
          transactions: { nodes: [{ status: 'AWAITING_PAYER', checkoutRequestId: 'ws_CO_1' }] },
        });
        expect(waiting).toHaveLength(1);
      },
    );
  },
);
