import { coolDownCodes, defaultCoolDowns, type CoolDownCode, type CoolDowns } from '../daraja/cool-downs.ts';
import type { EnvReader } from './env.ts';

export type PromptLimits = { openSeconds: number; perPhonePerMinute: number; perClientPerSecond: number };

/** Off with the simulator unless asked for: its numbers are there to be prompted again and again. */
export function promptLimits(reader: EnvReader, isSimulator: boolean): PromptLimits | null {
  const choice = reader.choice('PROMPT_GUARD', ['on', 'off']) ?? (isSimulator ? 'off' : 'on');
  const limits = {
    openSeconds: reader.integer('PROMPT_GUARD_OPEN_SECONDS', 180, { min: 1, max: 3_600 }),
    perPhonePerMinute: reader.integer('PROMPT_GUARD_PER_PHONE_PER_MINUTE', 3, { min: 1, max: 100 }),
    perClientPerSecond: reader.integer('PROMPT_GUARD_PER_CLIENT_PER_SECOND', 10, { min: 1, max: 10_000 }),
  };
  return choice === 'on' ? limits : null;
}

/** `1037=90`: the others stay as they are. */
export function coolDowns(reader: EnvReader): CoolDowns {
  const coolDowns: Record<CoolDownCode, number> = { ...defaultCoolDowns };
  for (const entry of reader.list('PAYER_COOL_DOWN_SECONDS') ?? []) {
    const [, name, seconds] = /^(\w+)\s*=\s*(\d{1,5})$/.exec(entry) ?? [];
    const code = coolDownCodes.find((known) => known === name);
    if (code !== undefined) coolDowns[code] = Number(seconds);
    else {
      const known = coolDownCodes.join(', ');
      reader.problem(
        `PAYER_COOL_DOWN_SECONDS must be entries such as 1037=60, separated by commas, for the results ${known}`,
      );
    }
  }
  return coolDowns;
}
