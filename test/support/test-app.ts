import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';
import { createApp, type App } from '../../src/app.ts';
import type { Overrides } from '../../src/wiring/foundation.ts';
import { readConfig, type Config } from '../../src/config/config.ts';
import { secretsOf } from '../../src/config/secrets-of.ts';
import type { Env } from '../../src/config/env.ts';
import type { PrismaClient } from '../../src/database/database.ts';
import { readSimulatorSettings, type SimulatorSettings } from '../../src/simulator/settings.ts';
import { recordingLogger, recordSecretsOfConfig } from './log-record.ts';
import { embedded, type TestDatabases } from './test-database.ts';

export type GraphqlAnswer = {
  status: number;
  data: Record<string, unknown> | null;
  errors: { message: string; path?: unknown[]; extensions: { code: string; requestId?: string } }[];
};

export type Change = {
  sequence: number;
  status: string;
  isFinal: boolean;
  transaction: Record<string, unknown>;
};

export type TestOptions = {
  databases?: TestDatabases;
  env?: Env;
  config?: Partial<Config>;
  overrides?: Overrides;
  simulator?: Partial<SimulatorSettings>;
};

/** With every scope. */
export const testKey = 'mlp_test_key_of_the_test_suite';

/** Between looks of the ladder, in milliseconds: long enough for a callback to be first. */
export const testLadderMs = [300, 200, 200, 200, 400, 800, 1_600];

/** The payer whom the simulator gives the outcome NN. */
export const reservedPayer = (nn: number): string => `2547000000${String(nn).padStart(2, '0')}`;

let keys = 0;

/** The input of a payment that nobody asked for before. */
export function paymentInput(changes: Record<string, unknown> = {}): Record<string, unknown> {
  keys += 1;
  return {
    phoneNumber: '254712345678',
    amount: 10,
    accountReference: 'ORDER-1',
    idempotencyKey: `key-${String(process.pid)}-${String(keys)}`,
    ...changes,
  };
}

const initiateDocument = `
  mutation Initiate($input: InitiateStkPushInput!) {
    initiateStkPush(input: $input) {
      transaction { id status sequence failureReason resultDescription }
      watchToken watchTokenExpiresAt replayed
      userErrors { code message path retryable retryAfterSeconds }
    }
  }`;

const watchDocument = `
  subscription Watch($id: ID!, $after: Int) {
    paymentStatus(transactionId: $id, afterSequence: $after) {
      sequence status isFinal
      transaction { status sequence mpesaReceiptNumber failureReason attention }
    }
  }`;

export type Initiated = {
  transaction: {
    id: string;
    status: string;
    sequence: number;
    failureReason: string | null;
    resultDescription: string | null;
  } | null;
  watchToken: string | null;
  watchTokenExpiresAt: string | null;
  replayed: boolean;
  userErrors: {
    code: string;
    message: string;
    path: string[];
    retryable: boolean;
    retryAfterSeconds: number | null;
  }[];
};

/** A whole Malipo on a database of its own, with its simulator, and the means to use it as its clients do. */
export class TestApp implements AsyncDisposable {
  readonly app: App;
  readonly prisma: PrismaClient;
  readonly #parts: AsyncDisposableStack;

  private constructor(app: App, prisma: PrismaClient, parts: AsyncDisposableStack) {
    this.app = app;
    this.prisma = prisma;
    this.#parts = parts;
  }

  static async start(options: TestOptions = {}): Promise<TestApp> {
    await using parts = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), 'malipo-test-'));
    parts.defer(() => rm(dataDir, { recursive: true }));
    const env = {
      PORT: '0',
      DATA_DIR: dataDir,
      BOOTSTRAP_API_KEY: testKey,
      LOG_LEVEL: 'silent',
      ...options.env,
    };
    const config = { ...readConfig(env), ladderMs: testLadderMs, ...options.config };
    recordSecretsOfConfig(config);
    const database = await (options.databases ?? embedded).open();
    const app = await createApp(config, {
      logger: recordingLogger({ secrets: secretsOf(config) }),
      openDatabase: () => Promise.resolve(database),
      simulator: { ...readSimulatorSettings({}), port: 0, delayMs: 40, ...options.simulator },
      reconcilerIdleMs: 20,
      resendPausesMs: [20, 40, 80],
      drainMs: 0,
      ...options.overrides,
    });
    parts.use(app);
    return new TestApp(app, database.prisma, parts.move());
  }

  get url(): string {
    return this.app.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  async graphql(
    query: string,
    variables: Record<string, unknown> = {},
    credential: string | null = testKey,
  ): Promise<GraphqlAnswer> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as Partial<GraphqlAnswer>;
    return { status: response.status, data: body.data ?? null, errors: body.errors ?? [] };
  }

  async initiate(changes: Record<string, unknown> = {}): Promise<Initiated> {
    const { data, errors } = await this.graphql(initiateDocument, { input: paymentInput(changes) });
    if (!data) throw new Error(`initiateStkPush failed: ${JSON.stringify(errors)}`);
    return data['initiateStkPush'] as Initiated;
  }

  /** The id of a payment that was made. */
  async pay(changes: Record<string, unknown> = {}): Promise<string> {
    const { transaction, userErrors } = await this.initiate(changes);
    if (transaction === null) throw new Error(`no transaction: ${JSON.stringify(userErrors)}`);
    return transaction.id;
  }

  socket(credential: string | null = testKey): Client {
    return createClient({
      url: `${this.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(credential === null ? {} : { connectionParams: { authorization: `Bearer ${credential}` } }),
    });
  }

  /** The changes of a payment as they come, over WebSocket. */
  async *watch(
    id: string,
    { after = null, credential = testKey }: { after?: number | null; credential?: string } = {},
  ): AsyncGenerator<Change> {
    const client = this.socket(credential);
    try {
      for await (const { data, errors } of client.iterate({
        query: watchDocument,
        variables: { id, after },
      })) {
        if (errors) throw new Error(JSON.stringify(errors));
        yield data?.['paymentStatus'] as Change;
      }
    } finally {
      await client.dispose();
    }
  }

  /** Every change until the stream ends by itself. */
  async watchToEnd(id: string, after: number | null = null): Promise<Change[]> {
    return Array.fromAsync(this.watch(id, { after }));
  }

  async read(id: string): Promise<Record<string, unknown>> {
    const { data, errors } = await this.graphql(
      `query ($id: ID!) { transaction(by: { id: $id }) {
        id status sequence isFinal resultCode resultDescription failureReason mpesaReceiptNumber attention paidAt
        paidAmount { amountMinor } checkoutRequestId merchantRequestId
        timeline { sequence status evidence resultCode message } } }`,
      { id },
    );
    if (!data) throw new Error(JSON.stringify(errors));
    return data['transaction'] as Record<string, unknown>;
  }
}

/** The row behind a global id. */
export function rowId(globalId: string): string {
  return Buffer.from(globalId, 'base64').toString().replace('Transaction:', '');
}
