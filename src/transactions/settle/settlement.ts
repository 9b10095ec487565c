import type { Decision } from '../decide/decide.ts';
import type { Judgement } from '../decide/evidence.ts';
import type { Payment } from '../decide/payment.ts';
import type { Addressed } from './submission.ts';

/** What one database transaction does to one payment. */
export type Settlement = {
  before: Payment;
  decision: Decision;
  submissions: readonly Addressed[];
  judgements: ReadonlyMap<string, Judgement>;
  /** Submissions whose very bytes were stored before, each with the evidence that has them. */
  repeated: ReadonlyMap<string, string>;
  /** Evidence that was stored before all this, if any. */
  oldest: string | undefined;
  /** How many more bodies that move nothing may be kept. */
  room: number;
};

/** A settlement and whose it is. */
export type Target = { id: string; settlement: Settlement };
