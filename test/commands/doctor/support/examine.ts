import type { Check } from '../../../../src/commands/doctor/check.ts';
import { checks } from '../../../../src/commands/doctor/checks.ts';
import { openContext, type ContextOptions } from '../../../../src/commands/doctor/context.ts';
import { runChecks, type Reported } from '../../../../src/commands/doctor/run-checks.ts';
import type { Env } from '../../../../src/config/env.ts';

/** What one check finds with these settings. What it comes after is run before it, as the doctor does. */
export async function examine(name: string, env: Env, options: ContextOptions = {}): Promise<Reported[]> {
  await using context = openContext(env, { patienceMs: 5_000, ...options });
  const silent = { started: () => {}, found: () => {} };
  const findings = await runChecks(withThoseBefore(name), context, silent);
  return findings.filter(({ check }) => check === name);
}

/** The codes of what it finds, each with its status: `PASSKEY_WRONG problem`. */
export async function verdicts(name: string, env: Env, options: ContextOptions = {}): Promise<string[]> {
  return (await examine(name, env, options)).map(({ code, status }) => `${code} ${status}`);
}

function withThoseBefore(name: string): Check[] {
  const needed = new Set([name]);
  for (const check of checks.toReversed()) {
    if (needed.has(check.name)) for (const before of check.after) needed.add(before);
  }
  return checks.filter((check) => needed.has(check.name));
}
