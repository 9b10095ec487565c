import type { KeyObject } from 'node:crypto';
import type { Viewer } from '../access/viewer.ts';
import type { PrismaClient } from '../database/database.ts';
import type { Environment } from '../database/generated/prisma/enums.ts';
import type { PaymentStreamDeps } from '../feed/payment-stream.ts';
import type { ClientPages } from '../transactions/client-pages.ts';
import type { CoolDowns } from '../transactions/cool-down.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Trace } from '../lib/trace.ts';
import type { Rates } from './limits/rates.ts';
import type { PaymentRows } from '../transactions/payment-rows.ts';
import type { RequestPaymentDeps } from '../transactions/request-payment.ts';

/** What the schema needs of the rest of Malipo; one for the life of the server. */
export type GraphqlDeps = {
  prisma: PrismaClient;
  /** Of anybody: for the present row alone, without what belongs to it. */
  paymentById: PaymentRows;
  clientPages: ClientPages;
  clock: Clock;
  logger: Logger;
  environment: Environment;
  version: string;
  requestPayment: RequestPaymentDeps;
  rates: Rates;
  coolDowns: CoolDowns;
  stream: PaymentStreamDeps;
  /** Aborts when the server is told to stop: whoever waits is answered with what is known. */
  stopping: AbortSignal;
  /** The newest; older ones only verify. */
  watchTokenKey: KeyObject;
  trace: Trace;
};

/** What a resolver is given, the same on HTTP, SSE and WebSocket. */
export type Context = {
  deps: GraphqlDeps;
  viewer: Viewer;
  requestId: string;
  /** Whether whoever asked has left: nobody reads the answer. */
  isGone: () => boolean;
};
