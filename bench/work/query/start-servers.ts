import { join } from 'node:path';
import { openDatabase } from '../../../src/database/open-database.ts';
import { makeDatabase, type OwnDatabase } from '../../support/own-database.ts';
import { seedClient } from '../../support/seed/seed-client.ts';
import { seedInParts } from '../../support/seed/seed-in-parts.ts';
import { startMalipo } from '../../support/servers/start-malipo.ts';
import { startPeer } from '../../support/servers/start-peer.ts';
import type { RunningProgram } from '../../support/servers/start-program.ts';

/** A server, and the database whose processes work for it, if they are not its own. */
export type Asked = { server: RunningProgram; database: OwnDatabase | null };

export type Servers = { Malipo: Asked; embedded: Asked; mercurius?: Asked; apollo?: Asked };

export type ServersOptions = {
  rows: number;
  withPeers: boolean;
  folder: string;
  tell: (text: string) => void;
};

/** All on the same rows: those on PostgreSQL share one database. */
export async function startServers(options: ServersOptions, parts: AsyncDisposableStack): Promise<Servers> {
  const { rows, withPeers, folder, tell } = options;
  const database = parts.use(await makeDatabase('query'));
  await seedClient(database.run);
  await seedInParts(database.run, rows, (text) => tell(`PostgreSQL: ${text}`));
  const dataDir = join(folder, 'embedded');
  await seedEmbedded(dataDir, rows, (text) => tell(`embedded: ${text}`));

  const env = { DATABASE_URL: database.url };
  const on = (server: RunningProgram): Asked => ({ server, database });
  tell('starting the servers');
  return {
    Malipo: on(parts.use(await startMalipo(env))),
    embedded: { server: parts.use(await startMalipo({ DATA_DIR: dataDir })), database: null },
    ...(withPeers
      ? {
          mercurius: on(parts.use(await startPeer('mercurius-jit-pg', env))),
          apollo: on(parts.use(await startPeer('apollo-prisma', env))),
        }
      : {}),
  };
}

async function seedEmbedded(dataDir: string, rows: number, tell: (text: string) => void): Promise<void> {
  await using database = await openDatabase({ kind: 'embedded', dataDir });
  await database.migrate();
  const run = (text: string) => database.prisma.$executeRawUnsafe(text);
  await seedClient(run);
  await seedInParts(run, rows, tell);
}
