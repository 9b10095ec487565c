import { randomUUID } from 'node:crypto';
import { newId } from '../lib/ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { PrismaClient } from '../database/database.ts';
import type { TaskSet } from '../lib/task-set.ts';
import type { Tx } from './settle/load-payments.ts';
import type { PromptGuard } from './prompt-guard/prompt-guard.ts';
import type { PromptRefusal } from './prompt-guard/prompt-rules.ts';
import {
  checkRequest,
  fingerprintOf,
  type PaymentInput,
  type PaymentRequest,
  type RequestProblem,
} from './request-rules.ts';
import { promptLeaseMs, sendPrompt, type PromptDeps } from './send-prompt.ts';

export type RequestPaymentDeps = PromptDeps & {
  prisma: PrismaClient;
  clock: Clock;
  /** Pushes under way, which outlive the request that caused them. */
  pushes: TaskSet;
  merchant: { businessShortCode: string; partyB: string };
  allowReservedPayers: boolean;
  /** Counts what became of requests. Must not throw. */
  observeRequest?: (outcome: RequestedPayment['outcome']) => void;
  /** Null: payers may be prompted as often as anyone asks. */
  promptGuard: PromptGuard | null;
};

export type RequestedPayment =
  | { outcome: 'refused'; problems: RequestProblem[] }
  /** Nothing was stored and the key is not used up: the same request may succeed later. */
  | { outcome: 'not-now'; refusal: PromptRefusal }
  | { outcome: 'key-reused' }
  | { outcome: 'replayed'; transactionId: string }
  /** `answered` resolves when Daraja's answer is stored, or it is known that none will come. */
  | { outcome: 'requested'; transactionId: string; answered: Promise<void> };

/**
 * Stores a payment and asks M-Pesa to prompt its payer. The row is the claim to the idempotency key and is committed,
 * with the right to push, before Daraja hears of it: two requests with one key cause one push, in any number of
 * processes and across a crash. The push goes on when the caller goes away.
 */
export async function requestPayment(
  deps: RequestPaymentDeps,
  clientId: string,
  input: PaymentInput,
  requestId: string | null = null,
): Promise<RequestedPayment> {
  const requested = await claimAndPush(deps, clientId, input, requestId);
  deps.observeRequest?.(requested.outcome);
  return requested;
}

async function claimAndPush(
  deps: RequestPaymentDeps,
  clientId: string,
  input: PaymentInput,
  requestId: string | null,
): Promise<RequestedPayment> {
  const checked = checkRequest(input, deps);
  if ('problems' in checked) return { outcome: 'refused', problems: checked.problems };
  const { request } = checked;
  const leaseHolder = randomUUID();
  const stored = await tryToStore(deps, clientId, request, leaseHolder);
  if (stored.outcome !== 'stored') {
    // Whoever repeats a request hears what became of it, even if its own prompt is what forbids another.
    const claimed = await findClaimed(deps.prisma, clientId, request);
    if (claimed !== null) return claimed;
    if (stored.outcome === 'forbidden') {
      const { code, retryAfterSeconds } = stored.refusal;
      deps.logger.info({ clientId, requestId, code, retryAfterSeconds }, 'payment not requested now');
      return { outcome: 'not-now', refusal: stored.refusal };
    }
    throw new Error('The idempotency key is taken, and by nobody');
  }
  const { transactionId } = stored;
  deps.logger.info({ transactionId, attempt: 1, clientId, requestId }, 'payment requested');
  const answered = sendPrompt(deps, { transactionId, leaseHolder, request });
  deps.pushes.add(answered);
  return { outcome: 'requested', transactionId, answered };
}

type Stored =
  | { outcome: 'stored'; transactionId: string }
  | { outcome: 'key-taken' }
  | { outcome: 'forbidden'; refusal: PromptRefusal };

async function tryToStore(
  deps: RequestPaymentDeps,
  clientId: string,
  request: PaymentRequest,
  leaseHolder: string,
): Promise<Stored> {
  const ask = { clientId, ...request };
  const forbidden = await deps.promptGuard?.look(deps.prisma, ask);
  if (forbidden) return { outcome: 'forbidden', refusal: forbidden };
  return deps.prisma.$transaction(async (tx) => {
    const refusal = await deps.promptGuard?.lookAlone(tx, ask);
    if (refusal) return { outcome: 'forbidden', refusal };
    return storeRequest(tx, deps, clientId, request, leaseHolder);
  });
}

async function storeRequest(
  tx: Tx,
  { clock, merchant }: RequestPaymentDeps,
  clientId: string,
  request: PaymentRequest,
  leaseHolder: string,
): Promise<Stored> {
  // After any wait for the guard: the id carries this time, and the limits go by it.
  const now = clock.now();
  const id = newId(now);
  const { phoneNumber, amountShillings, metadata, ...fields } = request;
  const { count } = await tx.transaction.createMany({
    data: [
      {
        ...fields,
        phoneNumber: phoneNumber.reveal(),
        ...merchant,
        id,
        clientId,
        kind: 'STK_PUSH',
        status: 'REQUESTED',
        sequence: 1,
        requestFingerprint: fingerprintOf(request),
        amountCents: amountShillings * 100,
        // Left out it would be NULL, which is no empty list to a filter.
        attention: [],
        ...(metadata === null ? {} : { metadata }),
        createdAt: now,
        updatedAt: now,
      },
    ],
    skipDuplicates: true,
  });
  if (count === 0) return { outcome: 'key-taken' };
  await tx.transactionEvent.create({
    data: {
      transactionId: id,
      sequence: 1,
      status: 'REQUESTED',
      source: 'API',
      occurredAt: now,
      message: 'Payment requested.',
    },
  });
  await tx.attempt.create({ data: { transactionId: id, number: 1, createdAt: now } });
  // Leases run on the database's clock: the processes that compare them may disagree about the time.
  await tx.$executeRaw`
    insert into open_work (transaction_id, lease_holder, lease_expires_at)
    values (${id}::uuid, ${leaseHolder}, clock_timestamp() + ${promptLeaseMs}::int * interval '1 ms')`;
  return { outcome: 'stored', transactionId: id };
}

/** What became of the request that has this key; null when the key is free. */
async function findClaimed(
  prisma: PrismaClient,
  clientId: string,
  request: PaymentRequest,
): Promise<RequestedPayment | null> {
  const { idempotencyKey } = request;
  const claimant = await prisma.transaction.findUnique({
    where: { clientId_idempotencyKey: { clientId, idempotencyKey } },
    select: { id: true, requestFingerprint: true },
  });
  if (claimant === null) return null;
  return claimant.requestFingerprint === fingerprintOf(request)
    ? { outcome: 'replayed', transactionId: claimant.id }
    : { outcome: 'key-reused' };
}
