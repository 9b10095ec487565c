import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Pool } from 'undici';
import { percentile } from '../../src/commands/crash-test/percentile.ts';

/** What somebody experiences who asks for a payment now and then, while others do what they like. */
export type GoodClient = AsyncDisposable & {
  /** What was experienced since it was asked last. */
  report(): Promise<Experience>;
};

/** Times are in milliseconds, to the tenth. */
export type Experience = { asked: number; failed: number; p50Ms: number; p99Ms: number };

type Settings = { url: string; watchToken: string; id: string };

/** Half of what a client may ask, in milliseconds. */
const pauseMs = 40;

/** In a thread of its own: whoever makes the attacks keeps a thread busy, and only the server is to be measured. */
export function startGoodClient(settings: Settings): GoodClient {
  const worker = new Worker(new URL(import.meta.url), { workerData: settings });
  return {
    async report() {
      worker.postMessage('report');
      const [experience] = (await once(worker, 'message')) as [Experience];
      return experience;
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

/** Asks again at a steady pace, whether or not it was answered: a slow server shows in every question. */
function ask({ url, watchToken, id }: Settings, tell: (experience: Experience) => void) {
  const http = new Pool(url, { connections: 4 });
  let times: number[] = [];
  let failed = 0;
  const body = JSON.stringify({
    query: 'query ($id: ID!) { transaction(by: { id: $id }) { status sequence amount { formatted } } }',
    variables: { id },
  });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${watchToken}` };
  const askOnce = async (): Promise<void> => {
    const startedAt = performance.now();
    const answer = await http.request({ method: 'POST', path: '/graphql', headers, body });
    const { data } = (await answer.body.json()) as { data?: { transaction: object | null } };
    if (!data?.transaction) failed += 1;
    times.push(performance.now() - startedAt);
  };
  setInterval(() => void askOnce().catch(() => (failed += 1)), pauseMs);
  return {
    report() {
      const tenths = times.map((ms) => ms * 10);
      const [p50Ms = 0, p99Ms = 0] = [0.5, 0.99].map((share) => (percentile(tenths, share) ?? 0) / 10);
      tell({ asked: times.length, failed, p50Ms, p99Ms });
      times = [];
      failed = 0;
    },
  };
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const client = ask(workerData as Settings, (experience) => port.postMessage(experience));
  port.on('message', () => client.report());
}
