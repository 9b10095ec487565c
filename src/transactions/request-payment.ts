import { randomUUID } from 'node:crypto';
import { newId } from '../lib/ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { PrismaClient } from '../database/database.ts';
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
import { sendPrompt, type PromptDeps } from './send-prompt.ts';
import { storeRequests, type NewPayment } from './writes/store-requests.ts';

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
    if (claimed !== null && !isOurs(claimed, stored)) return claimed;
    if (stored.outcome === 'forbidden') {
      const { code, retryAfterSeconds } = stored.refusal;
      deps.logger.info({ clientId, requestId, code, retryAfterSeconds }, 'payment not requested now');
      return { outcome: 'not-now', refusal: stored.refusal };
    }
    if (claimed === null) throw new Error('The idempotency key is taken, and by nobody');
  }
  const { transactionId } = stored;
  deps.logger.info({ transactionId, attempt: 1, clientId, requestId }, 'payment requested');
  const answered = sendPrompt(deps, { transactionId, leaseHolder, request });
  deps.pushes.add(answered);
  return { outcome: 'requested', transactionId, answered };
}

type Stored =
  | { outcome: 'stored' | 'key-taken'; transactionId: string }
  | { outcome: 'forbidden'; refusal: PromptRefusal };

/** Stored, but for the answer that would have said so: we hold the right to push it, and nobody else does. */
function isOurs(claimed: RequestedPayment, stored: Stored): boolean {
  return (
    claimed.outcome === 'replayed' &&
    stored.outcome === 'key-taken' &&
    claimed.transactionId === stored.transactionId
  );
}

async function tryToStore(
  deps: RequestPaymentDeps,
  clientId: string,
  request: PaymentRequest,
  leaseHolder: string,
): Promise<Stored> {
  const ask = { clientId, ...request };
  const { promptGuard, writes } = deps;
  const payment = () => newPayment(deps, clientId, request, leaseHolder);
  if (promptGuard === null) {
    const asked = payment();
    return storedAs(asked, await writes.storeRequest(asked));
  }
  const forbidden = await promptGuard.look(deps.sql, ask);
  if (forbidden) return { outcome: 'forbidden', refusal: forbidden };
  return deps.transaction(async (sql) => {
    const refusal = await promptGuard.lookAlone(sql, ask);
    if (refusal) return { outcome: 'forbidden', refusal };
    // After any wait for the guard: the id carries the time, and the limits go by it.
    const asked = payment();
    const [isStored = false] = await storeRequests(sql, [asked]);
    return storedAs(asked, isStored);
  });
}

function storedAs({ id: transactionId }: NewPayment, isStored: boolean): Stored {
  return { outcome: isStored ? 'stored' : 'key-taken', transactionId };
}

function newPayment(
  { clock, merchant }: RequestPaymentDeps,
  clientId: string,
  request: PaymentRequest,
  leaseHolder: string,
): NewPayment {
  const createdAt = clock.now();
  return { id: newId(createdAt), clientId, createdAt, leaseHolder, merchant, request };
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
