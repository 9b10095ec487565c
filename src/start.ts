import cluster from 'node:cluster';
import { inspect, parseArgs } from 'node:util';
import { readConfig } from './config/config.ts';
import { createRedactor } from './lib/redact.ts';
import { startUpMessage, usage, type Facts } from './start-up-message.ts';
import { forOneOf, readPlace, readProcesses } from './processes/process-count.ts';
import { serve } from './processes/serve.ts';
import { reportStart, supervise } from './processes/supervise.ts';
import { whatToSay } from './what-to-say.ts';

/** Does what the command line asks for. Ends the process, with words, where it cannot. */
export async function start(): Promise<void> {
  try {
    const { values } = parseArgs({
      options: { help: { type: 'boolean', short: 'h' }, processes: { type: 'string' } },
    });
    if (values.help) console.log(usage);
    else await run(values.processes);
  } catch (error) {
    const words = whatToSay(error);
    // An error of a library may quote what it was given.
    console.error(createRedactor().text(typeof words === 'string' ? words : inspect(words)));
    process.exit(1);
  }
}

async function run(processes: string | undefined): Promise<void> {
  const config = readConfig(process.env);
  const count = readProcesses(processes, config);
  const greet = (facts: Facts): void => console.log(startUpMessage(config, facts));
  if (count === 1) await serve(config, greet);
  else if (cluster.isPrimary) await supervise(config, count, greet);
  else await serve(forOneOf(count, readPlace(process.env), config), reportStart);
}
