import { checks } from './doctor/checks.ts';
import { openContext } from './doctor/context.ts';
import { help, OptionsError, readOptions } from './doctor/options.ts';
import { Progress } from './doctor/progress.ts';
import { runChecks } from './doctor/run-checks.ts';
import { sumUp, tell } from './doctor/tell.ts';

/** What a server that froze still holds open does not hold the doctor. */
const farewellMs = 2_000;

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof OptionsError ? `\n${error.message}\n` : error);
  process.exitCode = 1;
}

setTimeout(() => process.exit(), farewellMs).unref();

/** Whether there is no problem. */
async function main(): Promise<boolean> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(help);
    return true;
  }
  const progress = new Progress(process.stderr);
  await using context = openContext(process.env);
  const findings = await runChecks(checks, context, {
    started: (check) => progress.started(check),
    found: (found) => {
      progress.clear();
      for (const finding of found) {
        progress.ended(finding.check);
        if (!options.json) console.log(tell(finding));
      }
      progress.show();
    },
  });
  progress.clear();
  console.log(options.json ? JSON.stringify(findings, null, 2) : `\n${sumUp(findings)}`);
  return findings.every(({ status }) => status !== 'problem');
}
