/** How strict and how slow the simulator is. The defaults forgive everything; the rest are Daraja's own limits. */
export type SimulatorSettings = {
  host: string;
  /** 0 = any free port. */
  port: number;
  /** How long the payer takes to decide. */
  delayMs: number;
  /** Spike arrest of the STK query, evenly spaced, burst 1 (Daraja's sandbox: 5). null = no limit. */
  queryLimitPerMinute: number | null;
  /** Refuse a second prompt for a phone while one is open, as M-Pesa does. */
  subscriberLock: boolean;
  /** What Safaricom's FAQ says of tokens and nobody has shown: a new one cancels the one before. */
  newTokenCancelsOld: boolean;
};

type Env = Record<string, string | undefined>;
type Reading<T> = { value: T } | { problem: string };

/** Reads `SIMULATOR_*`. Throws one Error that names every bad value. An empty value counts as not set. */
export function readSimulatorSettings(env: Env): SimulatorSettings {
  const problems: string[] = [];
  const read = <T>(name: string, fallback: T, parse: (text: string) => Reading<T>): T => {
    const text = env[name]?.trim();
    if (text === undefined || text === '') return fallback;
    const reading = parse(text);
    if ('value' in reading) return reading.value;
    problems.push(`${name} ${reading.problem} (it is "${text}")`);
    return fallback;
  };
  const settings: SimulatorSettings = {
    host: read('SIMULATOR_HOST', '127.0.0.1', parseHost),
    port: read('SIMULATOR_PORT', 4100, parseWhole(0, 65_535)),
    delayMs: read('SIMULATOR_DELAY_MS', 3000, parseWhole(0, 3_600_000)),
    queryLimitPerMinute: read('SIMULATOR_QUERY_LIMIT_PER_MINUTE', null, parseWhole(1, 60_000)),
    subscriberLock: read('SIMULATOR_SUBSCRIBER_LOCK', false, parseSwitch),
    newTokenCancelsOld: read('SIMULATOR_NEW_TOKEN_CANCELS_OLD', false, parseSwitch),
  };
  if (problems.length > 0) throw new Error(`The simulator cannot start: ${problems.join('; ')}.`);
  return settings;
}

function parseHost(text: string): Reading<string> {
  return /^[\w.:-]+$/.test(text) ? { value: text } : { problem: 'must be a host name or an IP address' };
}

function parseWhole(min: number, max: number): (text: string) => Reading<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max
      ? { value }
      : { problem: `must be a whole number from ${min} to ${max}` };
  };
}

const switches: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  on: true,
  off: false,
  '1': true,
  '0': false,
};

function parseSwitch(text: string): Reading<boolean> {
  const value = switches[text.toLowerCase()];
  return value === undefined ? { problem: 'must be true or false' } : { value };
}
