import { WebSocket } from 'ws';
import { globalId } from '../seed/seeded-payment.ts';
import type { WatchReport, WatchTask } from './start-watchers.ts';

/** Watches payments, each on a socket of its own with a watch token, and counts those that it sees paid. */
let paid = 0;
let opened = 0;
const sockets: WebSocket[] = [];

process.on('message', (message: WatchTask | 'report') => void obey(message));
process.on('disconnect', () => process.exit());

async function obey(message: WatchTask | 'report'): Promise<void> {
  if (message === 'report') {
    const report: WatchReport = { opened, paid };
    process.send?.(report);
    for (const socket of sockets.splice(0)) socket.terminate();
    [paid, opened] = [0, 0];
    return;
  }
  for (let place = 0; place < message.watchers.length; place += opensAtOnce) {
    const some = message.watchers.slice(place, place + opensAtOnce);
    await Promise.all(some.map((watcher) => watch(message.port, watcher)));
  }
  opened = message.watchers.length;
  process.send?.('watching');
}

const opensAtOnce = 50;
const query =
  'subscription ($id: ID!) { paymentStatus(transactionId: $id) { sequence status isFinal transaction { mpesaReceiptNumber } } }';

/** Resolves when the present state has come. */
async function watch(port: number, { id, token }: WatchTask['watchers'][number]): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  sockets.push(socket);
  const first = Promise.withResolvers<undefined>();
  socket.on('error', (error) => first.reject(error));
  socket.on('open', () => say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text.includes('"connection_ack"')) {
      say({ id: '1', type: 'subscribe', payload: { query, variables: { id: globalId(id) } } });
    } else if (text.includes('"AWAITING_PAYER"')) first.resolve(undefined);
    else if (text.includes('"COMPLETED"')) paid += 1;
    else if (text.includes('"error"')) first.reject(new Error(`A watcher was told ${text}`));
  });
  const say = (message: object): void => socket.send(JSON.stringify(message));
  await first.promise;
}
