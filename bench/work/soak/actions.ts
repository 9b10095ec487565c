import { Pool } from 'undici';
import { createCallbackOf } from '../../support/callback-of.ts';
import type { ServerAddress } from '../../support/measured-server.ts';
import { seededId } from '../../support/open-payments.ts';
import type { Action } from './action.ts';
import { createAsk } from './ask.ts';
import { createNuisances } from './nuisances.ts';
import { watchAndLeave, watchToEnd } from './watching.ts';

/** The first of the seeded payments are watched, over and over; callbacks take those after them. */
export const standingPayments = 1_000;
export const callbacksPerSecond = 100;

/** What clients do all day: some ask, some watch and leave early, M-Pesa posts, and somebody always does it wrong. */
export function createActions(server: ServerAddress): {
  actions: Record<string, Action>;
  close: () => Promise<void>;
} {
  const http = new Pool(`http://127.0.0.1:${server.port}`, { connections: 32 });
  const ask = createAsk(http, server.key);
  const callbackOf = createCallbackOf(server.secret);
  let callbacks = standingPayments;
  const actions = {
    callback: {
      perSecond: callbacksPerSecond,
      async act() {
        const { path, body } = callbackOf(callbacks++);
        const { statusCode, body: answer } = await http.request({ method: 'POST', path, body });
        await answer.dump();
        if (statusCode !== 200) throw new Error(`A callback was answered with ${statusCode}`);
      },
    },
    'payment, watched to its end': {
      perSecond: 5,
      act: async () => watchToEnd(server, await ask.initiate()),
    },
    'payment read': { perSecond: 40, act: () => ask.payment(seededId(random(callbacks))) },
    'page of payments': { perSecond: 10, act: () => ask.page() },
    'watcher that leaves': {
      perSecond: 10,
      act: () => watchAndLeave(server, seededId(random(standingPayments))),
    },
    ...createNuisances(http, server),
  };
  return { actions, close: () => http.close() };
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}
