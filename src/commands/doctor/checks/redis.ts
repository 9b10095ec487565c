import { createClient } from '@redis/client';
import { within } from '../../../lib/within.ts';
import type { Check } from '../check.ts';
import { ok, problem, type Finding } from '../finding.ts';
import { failureText } from '../probes/failure-text.ts';

/** Where processes tell each other to look (src/feed/hints/redis-link.ts): rights may be given for this one alone. */
const channel = 'malipo:hints';
/** With it came RESP3, in which one connection publishes and subscribes. */
const oldestMajor = 6;

export const redis: Check = {
  name: 'redis',
  settings: ['REDIS_URL'],
  after: [],
  async run({ config: { hints }, patienceMs }) {
    if (hints.kind === 'redis') return [await judge(hints.url.reveal(), patienceMs)];
    const by = hints.kind === 'postgresql' ? 'PostgreSQL carries' : 'There is one process, which needs no';
    return [ok('REDIS_UNUSED', 'REDIS_URL is not set.', `${by} hints between processes.`)];
  },
};

async function judge(url: string, patienceMs: number): Promise<Finding> {
  const client = createRedisClient(url, patienceMs);
  // What goes wrong is told by the command that waits for it.
  client.on('error', () => undefined);
  try {
    // One that is frozen takes connections and answers nothing, and its client waits for ever.
    return await within(use(client), patienceMs);
  } catch (error) {
    return failure(error);
  } finally {
    if (client.isOpen) client.destroy();
  }
}

function createRedisClient(url: string, connectTimeout: number) {
  return createClient({
    url,
    // The version is asked in a language that every version speaks.
    RESP: 2,
    socket: { reconnectStrategy: false, connectTimeout },
    disableOfflineQueue: true,
  });
}

async function use(client: ReturnType<typeof createRedisClient>): Promise<Finding> {
  await client.connect();
  const version = /^redis_version:(\S+)/m.exec(await client.info('server'))?.[1] ?? '';
  if (Number.parseInt(version, 10) < oldestMajor) return tooOld(version);
  // A text without an id in it is no hint: whoever listens passes over it.
  await client.publish(channel, 'doctor');
  await client.subscribe(channel, () => undefined);
  return ok(
    'REDIS_ANSWERS',
    `Redis ${version} answers, and lets us publish and subscribe.`,
    'It carries hints between processes.',
  );
}

function tooOld(version: string): Finding {
  return problem(
    'REDIS_TOO_OLD',
    `Redis ${version} answers.`,
    `Malipo needs Redis ${oldestMajor} or later. With this one no hints are carried.`,
    'Upgrade Redis, or take REDIS_URL out: PostgreSQL carries hints as well.',
  );
}

const withoutIt =
  'Payments go on without it: watchers in other processes hear of a change after 2 s at most instead of at once.';

const refusals: readonly { text: RegExp; code: string; todo: string }[] = [
  {
    text: /WRONGPASS|NOAUTH|invalid password/i,
    code: 'REDIS_PASSWORD_WRONG',
    todo: 'Correct user and password in REDIS_URL.',
  },
  {
    text: /NOPERM/i,
    code: 'REDIS_RIGHTS_MISSING',
    todo: `Give the user the commands publish, subscribe, ping, info and hello, and the channel ${channel}.`,
  },
];

/** Nothing is lost without Redis. But who set REDIS_URL means to use it. */
function failure(error: unknown): Finding {
  const text = failureText(error);
  const refusal = refusals.find((row) => row.text.test(text));
  return problem(
    refusal?.code ?? 'REDIS_UNREACHABLE',
    `Redis could not be used: ${text}`,
    withoutIt,
    refusal?.todo ?? 'Start it, or correct REDIS_URL, and look at any firewall between.',
  );
}
