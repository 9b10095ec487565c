import { LabError } from './crash-test/lab-error.ts';
import { help, readOptions } from './crash-test/options.ts';
import { runLab } from './crash-test/run-lab.ts';

const findingsShown = 20;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () =>
    interrupted.abort(new LabError('Stopped, and everything that was started with it.')),
  );
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof LabError ? `\n${error.message}\n` : error);
  process.exitCode = 1;
}

/** Whether everything held. */
async function main(): Promise<boolean> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(help);
    return true;
  }
  const startedAt = performance.now();
  const say = (text: string) =>
    console.error(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  say(`seed ${options.seed}`);
  const { report, findings, folder } = await runLab(options, say, interrupted.signal);
  for (const { kind, about, why } of findings.slice(0, findingsShown))
    console.error(`${kind}: ${about}: ${why}`);
  if (findings.length > findingsShown) console.error(`… and ${findings.length - findingsShown} more`);
  if (folder !== null) console.error(`Logs are kept in ${folder}`);
  if (options.json) console.log(JSON.stringify(report));
  else console.table(report);
  return report.passed;
}
