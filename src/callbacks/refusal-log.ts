import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';

/** Says that posts are refused, and from where, without letting a flood of them fill the log. */
export type RefusalLog = { note(peer: string, reason: string): void };

/** A line at most this often, in milliseconds; it counts those that had none. */
const pauseMs = 10_000;

/**
 * A refused callback is either forged or the sign of a proxy or an address that nobody has configured, which is the
 * commonest reason why payments stay open: whoever looks at the log must see it.
 */
export function createRefusalLog({ clock, logger }: { clock: Clock; logger: Logger }): RefusalLog {
  let quietUntil = 0;
  let unsaid = 0;
  return {
    note(peer, reason) {
      const now = clock.now().getTime();
      if (now < quietUntil) {
        unsaid += 1;
        return;
      }
      logger.warn({ peer, reason, unsaid }, 'a callback was refused');
      quietUntil = now + pauseMs;
      unsaid = 0;
    },
  };
}
