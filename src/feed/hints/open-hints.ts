import type { HintsSettings } from '../../config/config.ts';
import type { CreateHintLink } from './hint-link.ts';
import type { Hints, HintsDeps } from './hints.ts';
import { postgresLink } from './postgres-link.ts';
import { RelayedHints } from './relayed-hints.ts';

/** Connects in the background, for as long as it takes: a hint is never worth waiting for. */
export async function openHints(settings: HintsSettings, deps: HintsDeps): Promise<Hints> {
  if (settings.kind === 'memory') return memoryHints(deps);
  return new RelayedHints({ ...deps, createLink: await linkFor(settings) });
}

async function linkFor(settings: Exclude<HintsSettings, { kind: 'memory' }>): Promise<CreateHintLink> {
  if (settings.kind === 'postgresql') return postgresLink(settings.url);
  // Redis's client costs every start 150 ms and 25 MB: only those who use it pay.
  const { redisLink } = await import('./redis-link.ts');
  return redisLink(settings.url);
}

/** The embedded database has one process. */
function memoryHints({ watchers }: HintsDeps): Hints {
  return {
    isLinked: true,
    publish: (transactionIds) => watchers.wake(transactionIds),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
