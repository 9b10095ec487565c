import { randomUUID } from 'node:crypto';
import type { DatabaseAccess, PrismaClient } from '../../src/database/database.ts';
import type { RunTransaction } from '../../src/database/sql.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { newId } from '../../src/lib/ids.ts';
import { createTaskSet } from '../../src/lib/task-set.ts';
import type { StkPushAnswer } from '../../src/daraja/stk-push.ts';
import { expireLeases } from '../../src/transactions/expire-leases.ts';
import { requestPayment } from '../../src/transactions/request-payment.ts';
import { createPaymentWrites } from '../../src/transactions/writes/payment-writes.ts';
import { settle } from '../../src/transactions/settle/settle.ts';
import type { Submission } from '../../src/transactions/settle/submission.ts';
import { createFakeDaraja } from '../support/fake-daraja.ts';
import { clientId } from '../support/payments.ts';
import type { Answer } from './rules.ts';
import { testLogger } from '../support/log-record.ts';
import { CheckoutRequestId } from '../../src/daraja/checkout-request-id.ts';

export type RealPayment = {
  id: string;
  /** The CheckoutRequestID that Daraja gives to its push. */
  prompt: string;
  token: PromiseWithResolvers<undefined>;
  sent: PromiseWithResolvers<undefined>;
  isSent: boolean;
  /** What the test has done for it so far. */
  isResumed: boolean;
  isAnswered: boolean;
  answer: PromiseWithResolvers<StkPushAnswer>;
  answered: Promise<void>;
};

const announce = () => undefined;

/** Requests a payment in a process whose access token and whose push wait to be answered, for ever if need be. */
export async function request(database: DatabaseAccess): Promise<RealPayment> {
  const [token, sent] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const answer = Promise.withResolvers<StkPushAnswer>();
  const push = () => {
    payment.isSent = true;
    sent.resolve(undefined);
    return answer.promise;
  };
  const requested = await requestPayment(
    {
      ...database,
      announce,
      clock: systemClock,
      logger: testLogger,
      daraja: createFakeDaraja({ accessToken: async () => token.promise, push }),
      callbackUrl: () => 'https://shop.example/cb',
      writes: createPaymentWrites({ ...database, announce, logger: testLogger, firstCheckMs: 60_000 }),
      resendPausesMs: [],
      spool: () => Promise.reject(new Error('There is no spool here')),
      pushes: createTaskSet(() => undefined),
      merchant: { businessShortCode: '174379', partyB: '174379' },
      allowReservedPayers: false,
      promptGuard: null,
    },
    clientId,
    { phoneNumber: '0712345678', amount: 1500, accountReference: 'ORDER-1', idempotencyKey: randomUUID() },
  );
  if (requested.outcome !== 'requested') throw new Error('The payment was not requested');
  const { transactionId: id, answered } = requested;
  const payment = {
    id,
    prompt: `ws_CO_${id}`,
    token,
    sent,
    isSent: false,
    isResumed: false,
    isAnswered: false,
    answer,
    answered,
  };
  return payment;
}

/** Lets the process that is to push go on until it has sent, or knows that it may not. */
export async function dispatch(payment: RealPayment): Promise<void> {
  payment.isResumed = true;
  payment.token.resolve(undefined);
  await Promise.race([payment.sent.promise, payment.answered]);
}

export async function answerPush(payment: RealPayment, answer: Answer['answer']): Promise<void> {
  payment.isAnswered = true;
  payment.answer.resolve(answers[answer](payment.prompt));
  await payment.answered;
}

const said = { message: 'Said by a test.', advice: '' };
const answers: Record<Answer['answer'], (checkoutRequestId: string) => StkPushAnswer> = {
  accepted: (checkoutRequestId) => ({
    outcome: 'accepted',
    merchantRequestId: 'merchant',
    checkoutRequestId: new CheckoutRequestId(checkoutRequestId),
    customerMessage: null,
  }),
  refused: () => ({ ...said, outcome: 'refused', kind: 'bad-request', errorCode: '400.002.02' }),
  'not-sent': () => ({ ...said, outcome: 'not-sent' }),
  unknown: () => ({ ...said, outcome: 'unknown' }),
};

/** Ends the lease as time would, and lets a process see it. */
export async function endLease(database: DatabaseAccess, { id }: RealPayment): Promise<void> {
  await database.sql`
    update open_work set lease_expires_at = now() - interval '1 s'
    where transaction_id = ${id}::uuid and lease_expires_at is not null`;
  await expireLeases({ ...database, announce, logger: testLogger, clock: systemClock });
}

class Cut extends Error {}

/** Settles; `cut` before the commit undoes it all, after the commit loses only the reply. */
export async function deliver(
  database: DatabaseAccess,
  batch: readonly Submission[],
  cut: 'before' | 'after' | null,
): Promise<string[] | null> {
  if (cut === 'before') {
    const transaction = dyingInTransactions(database);
    await settle({ ...database, transaction, announce, logger: testLogger }, batch).catch(ignoreCut);
    return null;
  }
  const judgements = await settle({ ...database, announce, logger: testLogger }, batch);
  return cut === null ? judgements.map(({ verdict }) => verdict) : null;
}

function dyingInTransactions({ transaction }: DatabaseAccess): RunTransaction {
  return (work) =>
    transaction(async (sql) => {
      await work(sql);
      throw new Cut();
    });
}

function ignoreCut(error: unknown): void {
  if (!(error instanceof Cut)) throw error;
}

export function newArrival(): Pick<Submission, 'id' | 'receivedAt' | 'peer'> {
  const receivedAt = new Date();
  return { id: newId(receivedAt), receivedAt, peer: null };
}

/** What anybody can see of payments, in their order. */
export async function observe(prisma: PrismaClient, payments: readonly RealPayment[]) {
  const rows = await prisma.transaction.findMany({
    where: { id: { in: payments.map(({ id }) => id) } },
    include: {
      attempts: true,
      openWork: true,
      events: { orderBy: { sequence: 'asc' } },
      evidence: { omit: { body: true } },
    },
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return payments.map(({ id }) => {
    const row = byId.get(id);
    if (row === undefined) throw new Error(`Payment ${id} is gone`);
    return row;
  });
}

export type Seen = Awaited<ReturnType<typeof observe>>[number];

/** Leaves no lease that a later story would have to end. */
export async function forget(prisma: PrismaClient, payments: readonly RealPayment[]): Promise<void> {
  await prisma.openWork.deleteMany({ where: { transactionId: { in: payments.map(({ id }) => id) } } });
}
