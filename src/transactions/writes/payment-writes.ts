import { createLookup } from '../../database/lookup.ts';
import { createBatcher } from '../../lib/batcher.ts';
import { codeOf } from '../../lib/error-code.ts';
import type { Judgement } from '../decide/evidence.ts';
import { settle, type SettleDeps } from '../settle/settle.ts';
import type { Submission } from '../settle/submission.ts';
import { markDispatched, type Dispatch } from './mark-dispatched.ts';
import { storeRequests, type NewPayment } from './store-requests.ts';

/** The three commits of a payment that is asked for. Payments that come to one at the same moment share it. */
export type PaymentWrites = {
  /** False: its idempotency key is taken, and nothing is stored. */
  storeRequest(payment: NewPayment): Promise<boolean>;
  /** False: the right to send is gone. */
  markDispatched(dispatch: Dispatch): Promise<boolean>;
  settleAnswer(answer: Submission): Promise<Judgement>;
  /** Whether callbacks wait for a payment that is known by this id. */
  isAwaited(checkoutRequestId: string): Promise<boolean>;
};

export type PaymentWritesDeps = SettleDeps & {
  /** From the push to the first status query, in milliseconds. */
  firstCheckMs: number;
};

/** Payments that share a commit; the locks of a larger one would be held for longer than it saves. */
const options = { sizeMax: 100, atOnce: 2 };
/** Whoever asks for a payment has left by then: it must not be made, and prompted for, when a database is back. */
const patienceMs = 3_000;

export function createPaymentWrites(deps: PaymentWritesDeps): PaymentWrites {
  const { sql, firstCheckMs } = deps;
  const requests = createBatcher<NewPayment, boolean>((payments) => storeRequests(sql, payments), {
    ...options,
    maySplit: isAboutSome,
  });
  const dispatches = createBatcher<Dispatch, boolean>(
    (some) => markDispatched(sql, firstCheckMs, some),
    options,
  );
  const answers = createBatcher<Submission, Judgement>((some) => settle(deps, some), options);
  const unmatched = createLookup<{ checkoutRequestId: string }>(
    (ids) => sql`
      select distinct checkout_request_id as "checkoutRequestId" from unmatched_evidence
      where checkout_request_id = any(${ids}::text[])`,
    ({ checkoutRequestId }) => checkoutRequestId,
  );
  return {
    storeRequest(payment) {
      const until = performance.now() + patienceMs;
      return requests.add(payment, () => performance.now() < until);
    },
    markDispatched: (dispatch) => dispatches.add(dispatch),
    settleAnswer: (answer) => answers.add(answer),
    isAwaited: async (checkoutRequestId) => (await unmatched(checkoutRequestId)) !== null,
  };
}

/**
 * By PostgreSQL's class of the error: something about a row (22, 23), or about others who wanted the same (40, 55). All
 * else is about the database, and no better for one payment than for a hundred.
 */
function isAboutSome(error: unknown): boolean {
  return /^(22|23|40|55)...$/.test(codeOf(error));
}
