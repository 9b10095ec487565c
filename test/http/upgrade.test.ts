import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApp, testKey } from '../support/test-app.ts';

let test: TestApp;

beforeAll(async () => {
  test = await TestApp.start();
});

afterAll(() => test[Symbol.asyncDispose]());

async function open(): Promise<Socket> {
  const { hostname, port } = new URL(test.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

const upgradeTo = (path: string, protocol: string): string =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', `Upgrade: ${protocol}`, '', ''].join(
    '\r\n',
  );

it.each(['/graphql', '/elsewhere'])(
  'a stranger who breaks off an upgrade of %s ends nothing',
  async (path) => {
    for (let round = 0; round < 20; round += 1) {
      const socket = await open();
      socket.write(upgradeTo(path, 'websocket'));
      socket.resetAndDestroy();
      await once(socket, 'close');
    }
    expect((await fetch(`${test.url}/health/live`)).status).toBe(200);
  },
);

it('a client that offers another protocol is answered as if it had not', async () => {
  const socket = await open();
  const body = JSON.stringify({ query: '{ server { version } }' });
  socket.write(
    [
      'POST /graphql HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade, HTTP2-Settings, close',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
      `Authorization: Bearer ${testKey}`,
      'Content-Type: application/json',
      `Content-Length: ${String(body.length)}`,
      '',
      body,
    ].join('\r\n'),
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
});

it('a key in the address opens nothing', async () => {
  const query = encodeURIComponent('{ server { version } }');
  const response = await fetch(`${test.url}/graphql?query=${query}&watchToken=${testKey}`);
  expect(response.status).toBe(401);
});
