import { percentile } from '../../src/commands/crash-test/percentile.ts';
import type { Target } from './target.ts';

/** What somebody experiences who asks for a payment now and then, while others do what they like. */
export type GoodClient = AsyncDisposable & {
  /** Forgets what was measured before. */
  begin(): void;
  /** Of what was asked since, in milliseconds to the tenth. */
  p99Ms(): number;
  readonly asked: number;
  readonly failed: number;
};

const pauseMs = 20;

/** Asks again at a steady pace, whether or not it was answered: a slow server shows in every question. */
export function startGoodClient({ http, key }: Target, id: string): GoodClient {
  let times: number[] = [];
  let failed = 0;
  const underWay = new Set<Promise<void>>();
  const body = JSON.stringify({
    query: 'query ($id: ID!) { transaction(by: { id: $id }) { status sequence amount { formatted } } }',
    variables: { id },
  });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const ask = async (): Promise<void> => {
    const startedAt = performance.now();
    const answer = await http.request({ method: 'POST', path: '/graphql', headers, body });
    const { data } = (await answer.body.json()) as { data?: { transaction: object | null } };
    if (!data?.transaction) failed += 1;
    times.push(performance.now() - startedAt);
  };
  const timer = setInterval(() => {
    const asking = ask()
      .catch(() => void (failed += 1))
      .finally(() => underWay.delete(asking));
    underWay.add(asking);
  }, pauseMs);
  return {
    begin() {
      times = [];
      failed = 0;
    },
    p99Ms: () =>
      (percentile(
        times.map((ms) => ms * 10),
        0.99,
      ) ?? 0) / 10,
    get asked() {
      return times.length;
    },
    get failed() {
      return failed;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
