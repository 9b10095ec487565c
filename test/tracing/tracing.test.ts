import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startDeployment } from '../support/deployment.ts';
import { reservedPayer, rowId, TestApp } from '../support/test-app.ts';
import { postgresql } from '../support/test-database.ts';

type Value = { stringValue?: string; intValue?: number; arrayValue?: { values: { stringValue: string }[] } };
type Span = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string; value: Value }[];
  status: { code?: number };
};
type Export = {
  resourceSpans: {
    resource: { attributes: { key: string; value: Value }[] };
    scopeSpans: { spans: Span[] }[];
  }[];
};

/** What takes spans, and what it was sent. */
async function startCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      if (request.url === '/v1/traces') bodies.push(body);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const exports = () => bodies.flatMap((body) => (JSON.parse(body) as Export).resourceSpans);
  return {
    url: `http://127.0.0.1:${String(port)}/v1/traces`,
    bodies,
    resource: () => exports()[0]?.resource.attributes ?? [],
    spans: () => exports().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The ids of payments that a span is about. */
function idsOf({ attributes }: Span): string[] {
  return attributes.flatMap(({ key, value }) => {
    if (key === 'malipo.transaction.id') return [value.stringValue ?? ''];
    if (key !== 'malipo.transaction.ids') return [];
    return (value.arrayValue?.values ?? []).map(({ stringValue }) => stringValue);
  });
}

describe('with a collector', () => {
  it('a payment is traced from its request to its settlement, and by whom is not said', async () => {
    await using collector = await startCollector();
    const said: string[] = [];
    {
      await using test = await TestApp.start({ config: { tracing: { url: collector.url, ratio: 1 } } });
      for (const nn of [0, 10, 1]) {
        const phoneNumber = reservedPayer(nn);
        const { transaction, watchToken } = await test.initiate({
          phoneNumber,
          accountReference: `REF-${nn}`,
        });
        const id = transaction?.id ?? '';
        await test.watchToEnd(id);
        const { mpesaReceiptNumber, checkoutRequestId } = await test.read(id);
        said.push(
          phoneNumber,
          `REF-${nn}`,
          ...[watchToken, mpesaReceiptNumber, checkoutRequestId].filter(Boolean).map(String),
        );
        expect(rowId(id)).toMatch(/^[0-9a-f-]{36}$/);
        said.push(id);
      }
    }
    const spans = collector.spans();
    const named = (name: string): Span[] => spans.filter((span) => span.name === name);
    const asked = named('graphql mutation initiateStkPush');
    expect(asked).toHaveLength(3);
    const pushed = named('push prompt');
    expect(pushed).toHaveLength(3);
    // Each push is part of the request that caused it.
    for (const span of pushed) {
      const parent = asked.find(({ spanId }) => spanId === span.parentSpanId);
      expect(parent?.traceId).toBe(span.traceId);
    }
    expect(named('graphql subscription paymentStatus')).toHaveLength(3);
    expect(named('settle callbacks').length).toBeGreaterThanOrEqual(2);
    expect(named('query status').length).toBeGreaterThanOrEqual(1);
    const ids = pushed.flatMap(idsOf);
    expect(new Set(ids).size).toBe(3);
    // The second payer's callback never comes.
    expect([...new Set(named('settle callbacks').flatMap(idsOf))].toSorted()).toEqual(
      [ids[0], ids[2]].toSorted(),
    );
    expect(named('query status').flatMap(idsOf)).toContain(ids[1]);
    expect(collector.resource()).toContainEqual({ key: 'service.name', value: { stringValue: 'malipo' } });

    const everything = collector.bodies.join('\n');
    expect(said.length).toBeGreaterThan(10);
    for (const word of said) expect(everything).not.toContain(word);
    expect(everything).not.toMatch(/(?<![\da-f.])254\d{9}(?![\da-f])|ws_CO_|mlp_|eyJ/);
  }, 30_000);

  it('what an error quotes stays here', async () => {
    await using collector = await startCollector();
    {
      await using test = await TestApp.start({ config: { tracing: { url: collector.url, ratio: 1 } } });
      await test.prisma.$executeRaw`alter table transactions rename to elsewhere`;
      const { errors } = await test.graphql(
        '{ transactions(first: 1, where: { phoneNumber: "254712345678" }) { nodes { id } } }',
      );
      expect(errors[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
    }
    expect(collector.spans().map(({ name }) => name)).toContain('graphql query transactions');
    expect(collector.bodies.join('\n')).not.toMatch(/254712345678|elsewhere/);
  });

  it('nothing is traced at a ratio of 0', async () => {
    await using collector = await startCollector();
    {
      await using test = await TestApp.start({ config: { tracing: { url: collector.url, ratio: 0 } } });
      await test.graphql('{ server { version } }');
    }
    expect(collector.spans()).toEqual([]);
  });

  it.skipIf(!postgresql.available)(
    'hints to other processes are traced',
    async () => {
      await using collector = await startCollector();
      {
        await using deployment = await startDeployment({
          hints: (url) => ({ kind: 'postgresql', url }),
          config: { tracing: { url: collector.url, ratio: 1 } },
        });
        const [one, other] = deployment.apps;
        await expect
          .poll(
            async () => {
              await other.watchToEnd(await one.pay({ phoneNumber: reservedPayer(0) }));
              const answer = await fetch(`${one.url}/metrics`, {
                headers: { authorization: 'Bearer mlp_test_key_of_the_test_suite' },
              });
              return /^malipo_hint_lag_seconds_count [1-9]/m.test(await answer.text());
            },
            { timeout: 15_000 },
          )
          .toBe(true);
      }
      expect(
        collector
          .spans()
          .filter(({ name }) => name === 'publish hint')
          .flatMap(idsOf),
      ).not.toEqual([]);
    },
    30_000,
  );
});

it('a collector that is away costs no payment, and no time to stop', async () => {
  await using test = await TestApp.start({
    config: { tracing: { url: 'http://127.0.0.1:1/v1/traces', ratio: 1 } },
  });
  const changes = await test.watchToEnd(await test.pay({ phoneNumber: reservedPayer(0) }));
  expect(changes.at(-1)?.status).toBe('COMPLETED');
});

it('whoever does not trace loads none of OpenTelemetry but its bare interface', async () => {
  const script = `
    const { registerHooks } = await import('node:module');
    registerHooks({ load(url, context, next) { if (url.includes('@opentelemetry/')) console.log(url); return next(url, context); } });
    await import('./src/app.ts');
    console.log('loaded');`;
  const root = new URL('../..', import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
  });
  // prom-client asks for the interface, for exemplars that we do not use.
  expect(stdout.split('\n').filter((url) => url !== '' && !url.includes('@opentelemetry/api/'))).toEqual([
    'loaded',
  ]);
});
