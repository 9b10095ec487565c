import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { createSparse } from '../lib/sparse.ts';

/** Says that posts are refused, and from where, without letting a flood of them fill the log. */
export type RefusalLog = { note(peer: string, reason: string): void };

/**
 * A refused callback is either forged or the sign of a proxy or an address that nobody has configured, which is the
 * commonest reason why payments stay open: whoever looks at the log must see it.
 */
export function createRefusalLog({ clock, logger }: { clock: Clock; logger: Logger }): RefusalLog {
  return {
    note: createSparse(clock, (unsaid, peer: string, reason: string) =>
      logger.warn({ peer, reason, unsaid }, 'a callback was refused'),
    ),
  };
}
