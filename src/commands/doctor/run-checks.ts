import { TooLateError, within } from '../../lib/within.ts';
import type { Check } from './check.ts';
import { concealSecrets } from './conceal-secrets.ts';
import type { Context } from './context.ts';
import { problem, skipped, type Finding } from './finding.ts';
import { failureText } from './probes/failure-text.ts';

/** A finding, and the check that made it. */
export type Reported = { check: string } & Finding;

export type Audience = {
  started(check: string): void;
  /** In the order of the table, whichever check ended first. */
  found(findings: readonly Reported[]): void;
};

/** More than any one answer is waited for: a check asks two or three times at most. */
const checkMsMax = 35_000;

/**
 * Runs all checks, those at once that do not wait for others. Each has its own time, and none takes another down: what
 * a check throws, or does not bring in time, is its own finding.
 */
export async function runChecks(
  checks: readonly Check[],
  context: Context,
  audience: Audience,
  msMax = checkMsMax,
): Promise<Reported[]> {
  const conceal = concealSecrets(context.config);
  const running = new Map<string, Promise<Finding[]>>();
  for (const check of checks) {
    const waitedFor = check.after.map(async (name) => ({ name, findings: (await running.get(name)) ?? [] }));
    running.set(check.name, runInTurn(check, waitedFor, { context, audience, msMax }));
  }
  const reported: Reported[] = [];
  for (const [check, findings] of running) {
    const ended = (await findings).map((finding) => ({ check, ...conceal(finding) }));
    audience.found(ended);
    reported.push(...ended);
  }
  return reported;
}

type Run = { context: Context; audience: Audience; msMax: number };
type Waited = { name: string; findings: readonly Finding[] };

async function runInTurn(
  check: Check,
  waitedFor: readonly Promise<Waited>[],
  { context, audience, msMax }: Run,
): Promise<Finding[]> {
  const obstacle = (await Promise.all(waitedFor)).find(({ findings }) => findings.some(isObstacle));
  if (obstacle !== undefined) return [afterObstacle(obstacle.name)];
  const wrong = check.settings.filter((name) => context.problems.some((sentence) => names(sentence, name)));
  if (wrong.length > 0) return [withoutSettings(wrong)];
  audience.started(check.name);
  try {
    return await within((async () => check.run(context))(), msMax);
  } catch (error) {
    return [error instanceof TooLateError ? tooLate(msMax) : broken(error)];
  }
}

function isObstacle({ status }: Finding): boolean {
  return status === 'problem' || status === 'skipped';
}

/** MPESA_PASSKEY is not MPESA_PASSKEY_FILE, but what is wrong with one is wrong with the other. */
function names(sentence: string, setting: string): boolean {
  return new RegExp(`\\b${setting}(_FILE)?\\b`).test(sentence);
}

function afterObstacle(name: string): Finding {
  return skipped(
    'AFTER_ANOTHER',
    `The check "${name}" has not passed.`,
    'What this one looks at depends on it.',
    'Mend that first, and run the doctor again.',
  );
}

function withoutSettings(wrong: readonly string[]): Finding {
  return skipped(
    'SETTING_WRONG',
    `${wrong.join(', ')} is not set as it must be.`,
    'There is nothing to check yet.',
    'Mend what the check "settings" found, and run the doctor again.',
  );
}

function tooLate(msMax: number): Finding {
  return problem(
    'NO_ANSWER_IN_TIME',
    `The check was not done after ${Math.round(msMax / 1000)} s.`,
    'What it looks at does not answer, or answers too slowly to be used.',
    'Look at the network between here and there, and run the doctor again.',
  );
}

/** Not "ok": nobody has looked. */
function broken(error: unknown): Finding {
  return problem(
    'CHECK_BROKEN',
    `The check itself failed: ${failureText(error)}`,
    'This is a fault of the doctor, and says nothing about your set-up.',
    'Report it to whoever maintains Malipo, with this line.',
  );
}
