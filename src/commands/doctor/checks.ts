import type { Check } from './check.ts';
import { allowList } from './checks/allow-list.ts';
import { callbackAddress } from './checks/callback-address.ts';
import { callbackCertificate } from './checks/callback-certificate.ts';
import { callbackReach } from './checks/callback-reach.ts';
import { callbackUrl } from './checks/callback-url.ts';
import { clock } from './checks/clock.ts';
import { connections } from './checks/connections.ts';
import { credentials } from './checks/credentials.ts';
import { databaseClock } from './checks/database-clock.ts';
import { database } from './checks/database.ts';
import { deployment } from './checks/deployment.ts';
import { disk } from './checks/disk.ts';
import { files } from './checks/files.ts';
import { forgedSender } from './checks/forged-sender.ts';
import { migrations } from './checks/migrations.ts';
import { nodeVersion } from './checks/node-version.ts';
import { passkey } from './checks/passkey.ts';
import { product } from './checks/product.ts';
import { proxies } from './checks/proxies.ts';
import { redis } from './checks/redis.ts';
import { secrets } from './checks/secrets.ts';
import { server } from './checks/server.ts';
import { settings } from './checks/settings.ts';
import { shortCode } from './checks/short-code.ts';

/** In the order in which they are told; what a check comes after stands before it. */
export const checks: readonly Check[] = [
  nodeVersion,
  settings,
  secrets,
  files,
  disk,
  server,
  shortCode,
  credentials,
  product,
  passkey,
  clock,
  callbackUrl,
  callbackAddress,
  callbackCertificate,
  callbackReach,
  allowList,
  proxies,
  forgedSender,
  database,
  databaseClock,
  connections,
  migrations,
  deployment,
  redis,
];
