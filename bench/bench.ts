import { parseArgs } from 'node:util';
import { renderResult } from './report/render-result.ts';
import type { Result } from './report/result.ts';
import { storeResults } from './report/store-results.ts';
import { commit, describeMachine } from './support/machine/describe-machine.ts';
import type { Work, WorkOptions } from './work.ts';
import { works } from './works.ts';

const help = `Measures Malipo and what it is compared with, in turn, on this machine.

  npm run bench [-- names… options]

${works.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}

  --seconds N   how long each subject is measured in each round; default 10, and 600 for soak
  --rounds N    how many rounds; default 5
  --smoke       one short round on little data: shows that it works and nothing else
  --no-peers    Malipo alone
  --no-write    leave bench/RESULTS.md as it is
  --json        one line of JSON and nothing else
  -h, --help    this

Needs Linux and PostgreSQL: BENCH_DATABASE_URL, or else postgresql://postgres@127.0.0.1:5432/postgres, where databases are
made and dropped. Peers are installed into bench/peers when they are first needed. Nothing else should run meanwhile.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    seconds: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    smoke: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: true },
    write: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) console.log(help);
else await bench(chosen(positionals));

function chosen(names: readonly string[]): readonly Work[] {
  const unknown = names.filter((name) => !works.some((work) => work.name === name));
  if (unknown.length > 0) throw new Error(`Nothing is called ${unknown.join(', ')}. See --help.`);
  return names.length === 0 ? works : works.filter(({ name }) => names.includes(name));
}

async function bench(some: readonly Work[]): Promise<void> {
  const { smoke: isSmoke, peers: withPeers, json, write } = values;
  const rounds = isSmoke ? 1 : Number(values.rounds);
  const machine = await describeMachine();
  const results: Result[] = [];
  for (const work of some) {
    const seconds = isSmoke ? 1 : Number(values.seconds ?? work.secondsUsual ?? 10);
    const date = new Date().toISOString();
    const measured = await measure(work, { seconds, rounds, isSmoke, withPeers });
    const result = {
      work: work.name,
      summary: work.summary,
      date,
      commit: commit(),
      rounds,
      seconds,
      machine,
    };
    results.push({ ...result, ...measured });
    // What is measured is kept, whatever becomes of the next.
    if (write && !isSmoke && withPeers)
      storeResults(
        results,
        works.map(({ name }) => name),
      );
  }
  console.log(json ? JSON.stringify(results) : results.map(inTerminal).join('\n\n'));
}

function inTerminal(result: Result): string {
  return `${result.work}: ${result.summary}\n\n${renderResult(result)}`;
}

async function measure(work: Work, options: Omit<WorkOptions, 'tell'>) {
  const startedAt = performance.now();
  const tell = (text: string): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    console.error(`${work.name} ${seconds.padStart(4)} s  ${text}`);
  };
  return work.run({ ...options, tell });
}
