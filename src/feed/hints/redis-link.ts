import { createClient } from '@redis/client';
import type { Masked } from '../../lib/masked.ts';
import type { CreateHintLink } from './hint-link.ts';

/** Other deployments may share it: their ids are nobody's here. */
const channel = 'malipo:hints';

/** One connection publishes and subscribes: RESP3 allows it (Redis 6 and later). */
export function redisLink(url: Masked): CreateHintLink {
  return (on) => {
    const client = createClient({
      url: url.reveal(),
      RESP: 3,
      name: 'malipo-hints',
      // Links are made again by whoever uses them, and nothing is kept for one that is lost.
      disableOfflineQueue: true,
      socket: { reconnectStrategy: false },
    });
    client.on('error', (error: Error) => on.lost(error));
    return {
      async open() {
        await client.connect();
        await client.subscribe(channel, (text) => on.hint(text));
      },
      send: (hint) => client.publish(channel, hint),
      ping: () => client.ping(),
      destroy: () => client.destroy(),
    };
  };
}
