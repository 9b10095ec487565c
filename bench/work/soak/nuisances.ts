import type { Pool } from 'undici';
import type { ServerAddress } from '../../support/measured-server.ts';
import { openWebSocket } from '../../support/web-socket-client.ts';
import type { Action } from './action.ts';

/** What nobody should send and somebody does, each time with other words, so that what is kept of them adds up. */
export function createNuisances(http: Pool, { port, key }: ServerAddress): Record<string, Action> {
  let sent = 0;
  const json = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  async function post(path: string, headers: Record<string, string>, body: string): Promise<void> {
    const { statusCode, body: answer } = await http.request({ method: 'POST', path, headers, body });
    const text = await answer.text();
    if (statusCode >= 500) throw new Error(`${path} was answered with ${statusCode}`);
    if (statusCode === 200 && !text.includes('"errors"')) throw new Error(`${path} was taken: ${text}`);
  }
  const graphql = (query: string, headers: Record<string, string> = json): Promise<void> =>
    post('/graphql', headers, JSON.stringify({ query }));
  return {
    'unknown key': {
      perSecond: 5,
      act: () =>
        graphql('{ server { version } }', { ...json, authorization: `Bearer mlp_test_nobody_${sent++}` }),
    },
    'unknown field': { perSecond: 5, act: () => graphql(`{ nothing${sent++} }`) },
    'broken document': { perSecond: 5, act: () => graphql(`{ server { version # ${sent++}`) },
    'no JSON': { perSecond: 5, act: () => post('/graphql', json, `{"query": ${sent++}`) },
    'forged callback': {
      perSecond: 5,
      act: () => post(`/cb/${String(sent++).padStart(68, '0')}`, {}, '{"Body":{}}'),
    },
    'socket that is let in by nothing': { perSecond: 5, act: () => knock(port, sent++) },
  };
}

/** Resolves when the socket is closed, as it should be. */
async function knock(port: number, number: number): Promise<void> {
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const protocol = 'graphql-transport-ws';
  const socket = await openWebSocket({ port, protocol, onText: () => undefined, onClose: () => close() });
  const payload = { authorization: `Bearer mlp_test_nobody_${number}` };
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  await closed;
}
