import { createAuthenticate, type Authenticate } from '../access/authenticate.ts';
import type { Connections } from '../access/connections/connection.ts';
import { bootstrapClient, developmentClient } from '../access/fixed-clients.ts';
import { createKeyRows } from '../access/keys/key-rows.ts';
import { createKeyUse, type KeyUse } from '../access/keys/key-use.ts';
import { newKey } from '../access/keys/new-key.ts';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/environment.ts';
import { deriveKey, keptSecret } from '../config/kept-secret.ts';
import type { Masked } from '../lib/masked.ts';
import type { Foundation } from './foundation.ts';

export type Access = {
  authenticate: Authenticate;
  keyUse: KeyUse;
  /** Whatever is open, under the credential that opened it. */
  connections: Connections;
  /** Made at the first start with the simulator; null where keys come from elsewhere. */
  developmentKey: Masked | null;
};

export function openAccess({ config, clock, database, secrets }: Foundation): Access {
  const developmentKey = makeDevelopmentKey(config);
  const keyUse = createKeyUse({ prisma: database.prisma, clock });
  const authenticate = createAuthenticate({
    keyByHash: createKeyRows(database.sql),
    clock,
    environment: config.environment,
    configuredKeys: configuredKeys(config, developmentKey),
    watchTokenKeys: secrets.map((secret) => deriveKey(secret, 'watch-token')),
    used: (key) => keyUse.note(key),
  });
  return { authenticate, keyUse, connections: new Set(), developmentKey };
}

/** For a newcomer on this very machine, where no other key was given; it never moves money. */
function makeDevelopmentKey({ environment, host, dataDir, secrets }: Config): Masked | null {
  const isWanted = environment === 'SIMULATOR' && isLoopback(host) && secrets.bootstrapKey === null;
  return isWanted ? keptSecret(dataDir, 'development-key', () => newKey(environment)) : null;
}

function configuredKeys({ secrets }: Config, developmentKey: Masked | null) {
  return [
    ...(secrets.bootstrapKey ? [{ key: secrets.bootstrapKey.reveal(), clientId: bootstrapClient.id }] : []),
    ...(developmentKey ? [{ key: developmentKey.reveal(), clientId: developmentClient.id }] : []),
  ];
}
