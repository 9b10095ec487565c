import { makeWatchToken } from '../../../src/access/watch-token.ts';
import { deriveKey } from '../../../src/config/kept-secret.ts';
import { Masked } from '../../../src/lib/masked.ts';
import { seededPayment } from '../../support/seed/seeded-payment.ts';
import type { Numbers } from '../../support/seed/seed-payments.ts';
import { malipoSecret } from '../../support/servers/start-malipo.ts';
import type { Watchers } from '../../support/watch/start-watchers.ts';

/** One payment in so many is watched. */
export const watchedOneIn = 100;

/** Watches 1 % of the payments. */
export async function watchSome(watchers: Watchers, port: number, { from, count }: Numbers): Promise<void> {
  const key = deriveKey(new Masked(malipoSecret), 'watch-token');
  const watched: { id: string; token: string }[] = [];
  for (let number = from; number < from + count; number += watchedOneIn) {
    const { id } = seededPayment(number);
    const { watchToken: token } = await makeWatchToken(key, id, new Date());
    watched.push({ id, token });
  }
  await watchers.watch({ port, watchers: watched });
}
