import { randomUUID } from 'node:crypto';
import { newId } from '../lib/ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { PrismaClient } from '../database/database.ts';
import type { TaskSet } from '../lib/task-set.ts';
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
};

export type RequestedPayment =
  | { outcome: 'refused'; problems: RequestProblem[] }
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
): Promise<RequestedPayment> {
  const requested = await claimAndPush(deps, clientId, input);
  deps.observeRequest?.(requested.outcome);
  return requested;
}

async function claimAndPush(
  deps: RequestPaymentDeps,
  clientId: string,
  input: PaymentInput,
): Promise<RequestedPayment> {
  const checked = checkRequest(input, deps);
  if ('problems' in checked) return { outcome: 'refused', problems: checked.problems };
  const { request } = checked;
  const leaseHolder = randomUUID();
  const transactionId = await storeRequest(deps, clientId, request, leaseHolder);
  if (transactionId === null) return findClaimant(deps.prisma, clientId, request);
  const answered = sendPrompt(deps, { transactionId, leaseHolder, request });
  deps.pushes.add(answered);
  return { outcome: 'requested', transactionId, answered };
}

/** Null when the key is taken. */
async function storeRequest(
  { prisma, clock, merchant }: RequestPaymentDeps,
  clientId: string,
  request: PaymentRequest,
  leaseHolder: string,
): Promise<string | null> {
  const now = clock.now();
  const id = newId(now);
  const { amountShillings, metadata, ...fields } = request;
  return prisma.$transaction(async (tx) => {
    const { count } = await tx.transaction.createMany({
      data: [
        {
          ...fields,
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
    if (count === 0) return null;
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
      values (${id}::uuid, ${leaseHolder}, now() + ${promptLeaseMs}::int * interval '1 ms')`;
    return id;
  });
}

async function findClaimant(
  prisma: PrismaClient,
  clientId: string,
  request: PaymentRequest,
): Promise<RequestedPayment> {
  const { idempotencyKey } = request;
  const claimant = await prisma.transaction.findUniqueOrThrow({
    where: { clientId_idempotencyKey: { clientId, idempotencyKey } },
    select: { id: true, requestFingerprint: true },
  });
  return claimant.requestFingerprint === fingerprintOf(request)
    ? { outcome: 'replayed', transactionId: claimant.id }
    : { outcome: 'key-reused' };
}
