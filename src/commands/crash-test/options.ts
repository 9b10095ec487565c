import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { LabError } from './lab-error.ts';

export type Scenario = 'faults' | 'redis-outage';

export type Options = {
  scenario: Scenario;
  seconds: number;
  seed: number;
  processes: number;
  rate: number;
  json: boolean;
  keep: boolean;
  help: boolean;
};

export const help = `Usage: npm run crash-test -- [options]

Proves that Malipo loses nothing: starts a PostgreSQL, a Redis and a simulator of M-Pesa of its own and several Malipo
processes, has clients pay and watch, and meanwhile kills, stops, starts and cuts off all of them but the simulator. Its network says most
callbacks again, many times, which the figure duplicatesPosted counts.
When everything has come to rest it holds what was said against what is stored and against what watchers were told.

  --scenario <name>  faults: all of them, by chance (default); redis-outage: Redis away for 20 s, and nothing else
  --seconds <n>      how long payments are made and faults happen; default 60
  --seed <n>         chooses payers and faults; default: by chance, and told
  --processes <n>    of Malipo; default 2
  --rate <n>         payments in a second; default 16
  --json             the figures as one line of JSON; what happens is told on standard error
  --keep             keep the folder with data and logs
  -h, --help         this text

Needs the programs postgres, initdb and redis-server. Exit code: 0 when nothing was lost, doubled, left out, mixed up
or wrong and no process ended by itself, else 1.
`;

/** An outage of 20 s, and what comes before and after. */
const secondsMin: Record<Scenario, number> = { faults: 1, 'redis-outage': 35 };

const scenarios: readonly string[] = ['faults', 'redis-outage'] satisfies Scenario[];

/** Throws a LabError that says what is wrong with the arguments. */
export function readOptions(args: readonly string[]): Options {
  const { scenario, seconds, seed, processes, rate, ...flags } = parse(args);
  if (!isScenario(scenario)) throw new LabError(`--scenario must be one of ${scenarios.join(', ')}.`);
  return {
    ...flags,
    scenario,
    seconds: whole('seconds', seconds, secondsMin[scenario], 86_400),
    seed: seed === undefined ? randomInt(2 ** 31) : whole('seed', seed, 0, 2 ** 31),
    processes: whole('processes', processes, 1, 16),
    rate: whole('rate', rate, 1, 1_000),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string', default: 'faults' },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string' },
        processes: { type: 'string', default: '2' },
        rate: { type: 'string', default: '16' },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    if (error instanceof TypeError)
      throw new LabError(`${error.message}\n\nnpm run crash-test -- --help lists them.`);
    throw error;
  }
}

function isScenario(text: string): text is Scenario {
  return scenarios.includes(text);
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new LabError(`--${name} must be a whole number from ${min} to ${max}.`);
}
