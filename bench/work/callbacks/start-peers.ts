import type { LoadGenerator } from '../../support/load/start-load.ts';
import { makeDatabase } from '../../support/own-database.ts';
import type { Measure } from '../../support/run-in-turn.ts';
import { startPeer } from '../../support/servers/start-peer.ts';
import { createPeerSubject } from './peer-subject.ts';

export type Peers = { pg: Measure; sqlite: Measure; echo: Measure };

type Shared = { generator: LoadGenerator; folder: string; connections: number };

/** The classic handler, on both its databases, and the least that any handler can do. */
export async function startPeers(shared: Shared, parts: AsyncDisposableStack): Promise<Peers> {
  const database = parts.use(await makeDatabase('express'));
  const pg = parts.use(await startPeer('express-callbacks-pg', { DATABASE_URL: database.url }));
  const sqlite = parts.use(await startPeer('express-callbacks-sqlite'));
  const echo = parts.use(await startPeer('fastify-echo'));
  const mustContain = '"ResultDesc":"Success"';
  return {
    pg: createPeerSubject({ ...shared, name: 'pg', server: pg, database, mustContain }),
    sqlite: createPeerSubject({ ...shared, name: 'sqlite', server: sqlite, database: null, mustContain }),
    echo: createPeerSubject({
      ...shared,
      name: 'echo',
      server: echo,
      database: null,
      mustContain: '"CheckoutRequestID"',
    }),
  };
}
