import { sleep } from '../../../lib/sleep.ts';
import type { Random } from '../random.ts';
import { faults, type FaultName, type Targets } from './faults.ts';

export type Injected = Record<FaultName, number>;

/** Which faults come how often: every deck of so many is dealt in another order. */
const deck: readonly FaultName[] = [
  ...Array<FaultName>(8).fill('kill'),
  'stop-malipo',
  ...Array<FaultName>(2).fill('pause-malipo'),
  'restart-postgres',
  'pause-postgres',
  'restart-redis',
  'pause-redis',
  'drop-database',
  'cut-sockets',
];

/** What cannot be stopped twice at once. */
const victims: Partial<Record<FaultName, 'postgres' | 'redis'>> = {
  'restart-postgres': 'postgres',
  'pause-postgres': 'postgres',
  'restart-redis': 'redis',
  'pause-redis': 'redis',
};

/** From one fault to the next; most outlast it, so that faults meet. */
const gapMinMs = 2_000;
const gapSpreadMs = 4_000;

/** Lets faults happen until `over`, chosen by `random`; resolves when all of them have ended. */
export async function injectFaults(
  targets: Targets,
  random: Random,
  over: AbortSignal,
  say: (text: string) => void,
): Promise<Injected> {
  const injected = noFaults();
  const busy = new Set<string>();
  const underWay = new Set<Promise<void>>();
  let dealt: FaultName[] = [];
  for (;;) {
    await sleep(gapMinMs + random.below(gapSpreadMs), over);
    if (over.aborted) break;
    if (dealt.length === 0) dealt = random.shuffled(deck);
    const name = dealt.pop() ?? 'kill';
    const victim = victims[name];
    if (victim !== undefined && busy.has(victim)) continue;
    if (victim !== undefined) busy.add(victim);
    injected[name] += 1;
    const fault = run(name).finally(() => {
      underWay.delete(fault);
      if (victim !== undefined) busy.delete(victim);
    });
    underWay.add(fault);
  }
  await Promise.all(underWay);
  return injected;

  async function run(name: FaultName): Promise<void> {
    say(`fault: ${name}`);
    try {
      await faults[name](targets, random, over);
    } catch (error) {
      // The victim of one fault may be the tool of another.
      say(`fault: ${name} had no effect (${String(error)})`);
    }
  }
}

export function noFaults(): Injected {
  return {
    kill: 0,
    'stop-malipo': 0,
    'pause-malipo': 0,
    'restart-postgres': 0,
    'pause-postgres': 0,
    'restart-redis': 0,
    'pause-redis': 0,
    'drop-database': 0,
    'cut-sockets': 0,
  };
}
