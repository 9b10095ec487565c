import { createRandom } from '../../src/commands/crash-test/random.ts';
import { attacks, type Outcome } from './attacks.ts';
import type { Target } from './target.ts';

export type AttackResult = {
  sent: number;
  /** Status or close code → how often, for each kind of attack. */
  outcomes: { [kind: string]: { [outcome: string]: number } };
  /** Answers that blame the server, and attacks that were not answered at all, with what it takes to send them again. */
  failures: { index: number; attack: string; what: string }[];
  /** Those that took longest. */
  slowest: { index: number; attack: string; ms: number }[];
};

export type AttackOptions = {
  count: number;
  seed: number;
  first?: number;
  atOnce: number;
  perSecond: number;
};

const names = Object.keys(attacks) as (keyof typeof attacks)[];
const failuresKept = 50;
const slowestKept = 10;

/**
 * Sends so many bad requests, a few at a time. The n-th of a seed is always the same one.
 */
export async function runAttacks(
  target: Target,
  { count, seed, first = 0, atOnce, perSecond }: AttackOptions,
): Promise<AttackResult> {
  const result: AttackResult = { sent: 0, outcomes: {}, failures: [], slowest: [] };
  const startedAt = performance.now();
  let next = 0;
  const one = async (index: number): Promise<void> => {
    const random = createRandom(seed * 1_000_003 + index);
    const name = names[index % names.length] ?? 'document';
    const sentAt = performance.now();
    const outcome = await attacks[name](target, random).catch(String);
    result.slowest = [...result.slowest, { index, attack: name, ms: Math.round(performance.now() - sentAt) }]
      .sort((a, b) => b.ms - a.ms)
      .slice(0, slowestKept);
    const what = typeof outcome === 'string' ? outcome : `${outcome.kind} ${outcome.code}`;
    const counts = (result.outcomes[name] ??= {});
    counts[what] = (counts[what] ?? 0) + 1;
    if ((typeof outcome === 'string' || blamesServer(outcome)) && result.failures.length < failuresKept)
      result.failures.push({ index, attack: name, what });
  };
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = first + next;
      next += 1;
      const early = (next / perSecond) * 1_000 - (performance.now() - startedAt);
      if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
      await one(index);
      result.sent += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return result;
}

/** 4500 is what graphql-ws closes with when something was thrown. */
function blamesServer({ kind, code }: Outcome): boolean {
  return (
    (kind === 'status' && code >= 500) ||
    (kind === 'close' && (code === 4500 || code === 1011 || code === 1006))
  );
}
