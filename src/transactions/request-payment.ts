import { randomUUID } from 'node:crypto';
import { newId } from '../lib/ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { PrismaClient } from '../database/database.ts';
import type { Sql } from '../database/sql.ts';
import type { TaskSet } from '../lib/task-set.ts';
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
  const { promptGuard } = deps;
  if (promptGuard === null) return storeRequest(deps.sql, deps, clientId, request, leaseHolder);
  const forbidden = await promptGuard.look(deps.sql, ask);
  if (forbidden) return { outcome: 'forbidden', refusal: forbidden };
  return deps.transaction(async (sql) => {
    const refusal = await promptGuard.lookAlone(sql, ask);
    if (refusal) return { outcome: 'forbidden', refusal };
    return storeRequest(sql, deps, clientId, request, leaseHolder);
  });
}

/** In one statement: of two that have one key, one stores all of it and the other nothing. */
async function storeRequest(
  sql: Sql,
  { clock, merchant }: RequestPaymentDeps,
  clientId: string,
  request: PaymentRequest,
  leaseHolder: string,
): Promise<Stored> {
  // After any wait for the guard: the id carries this time, and the limits go by it.
  const now = clock.now();
  const id = newId(now);
  const { idempotencyKey, phoneNumber, amountShillings, accountReference, description, metadata } = request;
  // Leases run on the database's clock: the processes that compare them may disagree about the time.
  const stored = await sql`
    with payment as (
      insert into transactions (
        id, kind, client_id, idempotency_key, request_fingerprint, status, sequence, business_short_code, party_b,
        amount_cents, phone_number, account_reference, description, metadata, attention, created_at, updated_at)
      values (
        ${id}::uuid, 'STK_PUSH', ${clientId}::uuid, ${idempotencyKey}, ${fingerprintOf(request)}, 'REQUESTED', 1,
        ${merchant.businessShortCode}, ${merchant.partyB}, ${amountShillings * 100}, ${phoneNumber.reveal()},
        ${accountReference}, ${description}, ${metadata === null ? null : JSON.stringify(metadata)}::jsonb, '{}',
        ${now}::timestamptz, ${now}::timestamptz)
      on conflict do nothing
      returning id, created_at),
    event as (
      insert into transaction_events (transaction_id, sequence, status, source, occurred_at, message)
      select id, 1, 'REQUESTED', 'API', created_at, 'Payment requested.' from payment),
    attempt as (
      insert into attempts (transaction_id, number, created_at) select id, 1, created_at from payment),
    work as (
      insert into open_work (transaction_id, lease_holder, lease_expires_at)
      select id, ${leaseHolder}, clock_timestamp() + ${promptLeaseMs}::int * interval '1 ms' from payment)
    select from payment`;
  return stored.length === 0 ? { outcome: 'key-taken' } : { outcome: 'stored', transactionId: id };
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
