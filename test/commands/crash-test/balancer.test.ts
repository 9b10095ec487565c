import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { Pool } from 'undici';
import { expect, it } from 'vitest';
import { Balancer } from '../../../src/commands/crash-test/load/balancer.ts';
import { createRandom } from '../../../src/commands/crash-test/random.ts';
import { Service } from '../../../src/commands/crash-test/servers/service.ts';
import { freePort } from '../../../src/commands/crash-test/servers/free-port.ts';

const transactionId = '01930000-0000-7000-8000-000000000001';
const path = `/cb/${transactionId.replaceAll('-', '')}0002${'0'.repeat(32)}`;
const sha256OfHello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

/** A balancer before processes that do as they are told, on a network that repeats each post so often. */
async function balance(handlers: (RequestListener | 'away')[], repeats = 0) {
  const parts = new AsyncDisposableStack();
  const malipos = [];
  const received: number[] = [];
  for (const [index, handler] of handlers.entries()) {
    received.push(0);
    const port = await freePort();
    if (handler !== 'away') {
      const server = createServer((request, response) => {
        received[index] = (received[index] ?? 0) + 1;
        handler(request, response);
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
      parts.defer(() => server.close().closeAllConnections());
    }
    const url = `http://127.0.0.1:${port}`;
    const http = parts.adopt(new Pool(url), (pool) => pool.destroy());
    const command = { file: 'none', args: [], log: 'none' };
    const service = new Service({ name: 'Malipo', command, isReady: () => Promise.resolve(true) });
    malipos.push({ service, url, http });
  }
  const atOnce = { ...createRandom(1), pick: () => repeats as never, next: () => 1 };
  const balancer = parts.use(new Balancer(malipos, atOnce));
  const url = await balancer.listen();
  return {
    balancer,
    received,
    post: async () => (await fetch(`${url}${path}`, { method: 'POST', body: 'hello' })).status,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const answers: RequestListener = (_request, response) => response.end('{}');
const drops: RequestListener = (request) => request.socket.destroy();

it('hands a post to another process where the connection is refused, and writes it down', async () => {
  await using test = await balance(['away', answers]);
  expect(await test.post()).toBe(200);
  expect(test.balancer.posts).toMatchObject([
    { transactionId, attempt: 2, hash: sha256OfHello, status: 200 },
  ]);
  expect(test.balancer.bodies.get(sha256OfHello)?.toString()).toBe('hello');
});

it('does not know what became of a post whose answer is lost, and does not try it again', async () => {
  await using test = await balance([drops, answers]);
  expect(await test.post()).toBe(502);
  expect(test.balancer.posts).toMatchObject([{ status: null }]);
  expect(test.received).toEqual([1, 0]);
});

it('answers for processes that are all away', async () => {
  await using test = await balance(['away', 'away']);
  expect(await test.post()).toBe(502);
  expect(test.balancer.posts).toMatchObject([{ status: null }]);
});

it('repeats a post at all processes, and writes that down as well', async () => {
  await using test = await balance([answers, answers], 3);
  await test.post();
  await expect.poll(() => test.balancer.isIdle).toBe(true);
  expect(test.received).toEqual([2, 2]);
  expect(test.balancer.posts).toHaveLength(4);
  expect(test.balancer.duplicates).toBe(3);
});
