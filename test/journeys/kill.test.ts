import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/config/env.ts';
import { startScriptedServer, type ScriptedServer } from '../daraja/support/scripted-daraja.ts';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';
import { paymentInput, testKey } from '../support/test-app.ts';
import { embedded, postgresql } from '../support/test-database.ts';

type Answers = 'nothing' | 'a token' | 'all';

/** A Daraja that goes silent where the test wants it to. */
async function startDaraja(answers: Answers) {
  const checkoutRequestId = `ws_CO_${Date.now().toString()}712345678`;
  const daraja = await startScriptedServer((response, { url }) => {
    if (url.startsWith('/oauth/')) {
      if (answers !== 'nothing')
        response.end(JSON.stringify({ access_token: 'a-token', expires_in: '3599' }));
    } else if (answers === 'all') {
      const accepted = { MerchantRequestID: 'm-1', CheckoutRequestID: checkoutRequestId, ResponseCode: '0' };
      response.end(
        JSON.stringify({ ...accepted, ResponseDescription: 'Success', CustomerMessage: 'Success' }),
      );
    }
  });
  return { daraja, checkoutRequestId };
}

const pushesTo = ({ received }: ScriptedServer) => received.filter(({ url }) => url.includes('/stkpush/'));

function callbackUrlOf(daraja: ScriptedServer): string {
  const body = JSON.parse(pushesTo(daraja)[0]?.body ?? '{}') as { CallBackURL?: string };
  return body.CallBackURL ?? '';
}

/** The settings of a server that can be started any number of times, and what it leaves behind. */
async function ground(kind: 'embedded' | 'postgresql', daraja: ScriptedServer) {
  const parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'malipo-kill-'));
  parts.defer(() => rm(dataDir, { recursive: true }));
  const port = await freePort();
  const env: Env = {
    PORT: String(port),
    DATA_DIR: dataDir,
    BOOTSTRAP_API_KEY: testKey,
    MPESA_BASE_URL: daraja.url,
    MPESA_ENVIRONMENT: 'simulator',
  };
  const own = parts.use(await (kind === 'embedded' ? embedded : postgresql).settings());
  const url = own.settings.kind === 'postgresql' ? own.settings.url : null;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    env: url === null ? env : { ...env, DATABASE_URL: url },
    /** Another process may still hold the right to push for up to 30 s; the test does not wait for that. */
    async letLeasesRunOut() {
      if (url === null) return;
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`update open_work set lease_expires_at = now() - interval '1 second'`);
      await client.end();
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function started(server: ServerProcess, url: string): Promise<void> {
  await vi.waitFor(async () => {
    expect((await fetch(`${url}/health/ready`)).status, server.output()).toBe(200);
  }, 20_000);
}

async function ask(url: string, query: string, variables: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${testKey}` },
    body: JSON.stringify({ query, variables }),
  });
  return ((await response.json()) as { data: Record<string, unknown> }).data;
}

const initiate =
  'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { transaction { id } } }';

/** The payment that was under way when the server was killed. */
async function onlyPayment(url: string): Promise<Record<string, unknown>> {
  const { transactions } = await ask(
    url,
    `{ transactions { nodes { status failureReason mpesaReceiptNumber checkoutRequestId
       timeline { sequence status evidence } } } }`,
    {},
  );
  const { nodes } = transactions as { nodes: Record<string, unknown>[] };
  expect(nodes).toHaveLength(1);
  return nodes[0] ?? {};
}

async function postSuccess(callbackUrl: string, checkoutRequestId: string): Promise<number> {
  const stkCallback = {
    MerchantRequestID: 'm-1',
    CheckoutRequestID: checkoutRequestId,
    ResultCode: 0,
    ResultDesc: 'The service request is processed successfully.',
    CallbackMetadata: {
      Item: [
        { Name: 'Amount', Value: 10 },
        { Name: 'MpesaReceiptNumber', Value: 'UKO1234567' },
      ],
    },
  };
  const response = await fetch(callbackUrl, {
    method: 'POST',
    body: JSON.stringify({ Body: { stkCallback } }),
  });
  return response.status;
}

const kinds = [
  { kind: 'embedded' as const, available: true },
  { kind: 'postgresql' as const, available: postgresql.available },
];

describe.each(kinds.filter(({ available }) => available))(
  'a server on the $kind database that is killed',
  ({ kind }) => {
    it('between row and push has sent nothing, and says so when it is started again', async () => {
      const { daraja } = await startDaraja('nothing');
      await using _daraja = daraja;
      await using place = await ground(kind, daraja);
      {
        await using server = spawnServer(place.env);
        await started(server, place.url);
        void ask(place.url, initiate, { input: paymentInput() }).catch(() => undefined);
        await vi.waitFor(
          () => expect(daraja.received.some(({ url }) => url.startsWith('/oauth/'))).toBe(true),
          10_000,
        );
      }
      await place.letLeasesRunOut();
      await using again = spawnServer(place.env);
      await started(again, place.url);
      const payment = await vi.waitFor(async () => {
        const now = await onlyPayment(place.url);
        expect(now).toMatchObject({ status: 'FAILED', failureReason: 'PROMPT_NOT_SENT' });
        return now;
      }, 10_000);
      expect(payment['timeline']).toMatchObject([{ evidence: 'API' }, { evidence: 'TIMER' }]);
      expect(pushesTo(daraja)).toEqual([]);
    });

    it('between push and answer does not know, and does not ask again, until the callback says', async () => {
      const { daraja, checkoutRequestId } = await startDaraja('a token');
      await using _daraja = daraja;
      await using place = await ground(kind, daraja);
      {
        await using server = spawnServer(place.env);
        await started(server, place.url);
        void ask(place.url, initiate, { input: paymentInput() }).catch(() => undefined);
        await vi.waitFor(() => expect(pushesTo(daraja)).toHaveLength(1), 10_000);
      }
      await place.letLeasesRunOut();
      await using again = spawnServer(place.env);
      await started(again, place.url);
      await vi.waitFor(async () => {
        expect(await onlyPayment(place.url)).toMatchObject({ status: 'UNCONFIRMED', failureReason: null });
      }, 10_000);

      expect(await postSuccess(callbackUrlOf(daraja), checkoutRequestId)).toBe(200);
      expect(await onlyPayment(place.url)).toMatchObject({
        status: 'COMPLETED',
        mpesaReceiptNumber: 'UKO1234567',
        checkoutRequestId,
        timeline: [{ status: 'REQUESTED' }, { status: 'UNCONFIRMED' }, { status: 'COMPLETED', sequence: 3 }],
      });
      expect(pushesTo(daraja)).toHaveLength(1);
    });

    it('between answer and callback settles when the callback comes', async () => {
      const { daraja, checkoutRequestId } = await startDaraja('all');
      await using _daraja = daraja;
      await using place = await ground(kind, daraja);
      {
        await using server = spawnServer(place.env);
        await started(server, place.url);
        await ask(place.url, initiate, { input: paymentInput() });
        expect(await onlyPayment(place.url)).toMatchObject({ status: 'AWAITING_PAYER' });
      }
      await using again = spawnServer(place.env);
      await started(again, place.url);
      expect(await onlyPayment(place.url)).toMatchObject({ status: 'AWAITING_PAYER' });
      expect(await postSuccess(callbackUrlOf(daraja), checkoutRequestId)).toBe(200);
      expect(await onlyPayment(place.url)).toMatchObject({
        status: 'COMPLETED',
        mpesaReceiptNumber: 'UKO1234567',
        timeline: [
          { status: 'REQUESTED' },
          { status: 'AWAITING_PAYER' },
          { status: 'COMPLETED', sequence: 3 },
        ],
      });
    });
  },
);
