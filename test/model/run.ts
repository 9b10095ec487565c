import { inspect, isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { DatabaseAccess } from '../../src/database/database.ts';
import type { Operation } from './operations.ts';
import {
  answerPush,
  deliver,
  dispatch,
  endLease,
  forget,
  observe,
  request,
  type RealPayment,
  type Seen,
} from './real-world.ts';
import { requested, type Payment, type Word } from './rules.ts';
import { afterAnyOrder, type Belief, type Heard } from './serial-orders.ts';
import { arrive, type Arrival } from './words.ts';

type Processes = readonly [DatabaseAccess, DatabaseAccess];

/** What one operation does: to the real payments, and, batch by batch, to the model's. */
type Deed = { perform: () => Promise<unknown>; batches: Heard[][] };

/** One story of two payments, lived by the code and told by the model side by side. */
export class Run implements AsyncDisposable {
  readonly #processes: Processes;
  readonly #payments: readonly RealPayment[];
  /** Every world in which the rules allow us to be. */
  #beliefs: Belief[] = [{ payments: [requested(), requested()], holders: {}, verdicts: {} }];
  readonly #arrivals = new Map<string, { arrival: Arrival; deliveries: number }>();
  readonly #returned: Record<string, string> = {};
  #cut: Arrival[] = [];

  private constructor(processes: Processes, payments: readonly RealPayment[]) {
    this.#processes = processes;
    this.#payments = payments;
  }

  static async begin(processes: Processes): Promise<Run> {
    return new Run(processes, [await request(processes[0]), await request(processes[1])]);
  }

  /** Does everything at once, and finds out in which worlds we may be now. */
  async live(step: readonly Operation[]): Promise<void> {
    const planned = new Set<string>();
    const deeds = step.flatMap((operation) => this.#plan(operation, planned));
    await Promise.all(deeds.map(({ perform }) => perform()));
    const seen = await observe(this.#processes[0].prisma, this.#payments);
    const possible = afterAnyOrder(
      this.#beliefs,
      deeds.flatMap(({ batches }) => batches),
    );
    this.#beliefs = possible.filter((belief) => this.#fits(belief, seen));
    if (this.#beliefs.length === 0) throw new Error(this.#contradiction(deeds, possible, seen));
    seen.forEach(expectSound);
  }

  /** Delivers what never was, and accounts for all that was said. */
  async end(): Promise<void> {
    await this.live([{ kind: 'redeliver', process: 1 }]);
    const seen = await observe(this.#processes[1].prisma, this.#payments);
    for (const [index, { evidence }] of seen.entries()) {
      const arrivals = [...this.#arrivals.values()].filter(
        ({ arrival: { heard } }) => heard.payment === index && heard.word.kind !== 'query',
      );
      const kept = evidence.filter(({ source }) => source === 'CALLBACK');
      const counted = kept.reduce((sum, { repeats }) => sum + 1 + repeats, 0);
      expect(kept.every(({ id }) => this.#arrivals.has(id))).toBe(true);
      expect(counted).toBeGreaterThanOrEqual(arrivals.length);
      // The repeat of a stored body leaves no id, so its own repeat is counted once more.
      expect(counted).toBeLessThanOrEqual(arrivals.reduce((sum, { deliveries }) => sum + deliveries, 0));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await forget(this.#processes[0].prisma, this.#payments);
  }

  /** Nothing, where it cannot happen: an answer to a push that was never sent, or a second answer. */
  #plan(operation: Operation, planned: Set<string>): Deed[] {
    if (operation.kind === 'settle') return this.#planSettling(operation);
    if (operation.kind === 'redeliver') return this.#planAgain(this.#database(operation.process));
    const payment = this.#payments[operation.payment];
    const name = `${operation.kind} ${String(operation.payment)}`;
    if (payment === undefined || planned.has(name)) return [];
    planned.add(name);
    const deed = (perform: () => Promise<unknown>, word: Word): Deed[] => [
      { perform, batches: [[{ payment: operation.payment, word, arrival: null }]] },
    ];
    switch (operation.kind) {
      case 'dispatch':
        if (payment.isResumed) return [];
        return deed(() => dispatch(payment), { kind: 'dispatch' });
      case 'answer':
        if (!payment.isSent || payment.isAnswered) return [];
        return deed(() => answerPush(payment, operation.answer), { ...operation, prompt: payment.prompt });
      case 'lease-end':
        return deed(() => endLease(this.#database(operation.process), payment), { kind: 'lease-end' });
    }
  }

  #planSettling({ process, said, cut, twice }: Extract<Operation, { kind: 'settle' }>): Deed[] {
    // Only a prompt that was sent has a result.
    const possible = said.filter((one) => this.#payments[one.payment]?.isSent);
    const arrivals = possible.map((one) => arrive(this.#payments, one, this.#arrivals.size % 2));
    for (const arrival of arrivals) this.#arrivals.set(arrival.submission.id, { arrival, deliveries: 0 });
    if (arrivals.length === 0) return [];
    // An answer to a query that is lost is not delivered again: M-Pesa is asked again.
    if (cut !== null) this.#cut.push(...arrivals.filter(({ heard }) => heard.word.kind !== 'query'));
    const first = this.#delivery(this.#database(process), arrivals, cut, !twice && cut === null);
    return twice ? [first, this.#delivery(this.#database(1 - process), arrivals, null, false)] : [first];
  }

  #planAgain(database: DatabaseAccess): Deed[] {
    const again = this.#cut;
    this.#cut = [];
    return again.length === 0 ? [] : [this.#delivery(database, again, null, false)];
  }

  #delivery(
    database: DatabaseAccess,
    arrivals: readonly Arrival[],
    cut: 'before' | 'after' | null,
    isOnly: boolean,
  ): Deed {
    const batch = arrivals.map(({ submission }) => submission);
    for (const { id } of batch) {
      const known = this.#arrivals.get(id);
      if (known && cut !== 'before') known.deliveries += 1;
    }
    return {
      batches: cut === 'before' ? [] : [arrivals.map(({ heard }) => heard)],
      perform: async () => {
        const verdicts = await deliver(database, batch, cut);
        if (!isOnly) return;
        batch.forEach(({ id }, index) => (this.#returned[id] = verdicts?.[index] ?? 'none'));
      },
    };
  }

  #database(process: number): DatabaseAccess {
    return this.#processes[process === 0 ? 0 : 1];
  }

  #fits(belief: Belief, seen: readonly Seen[]): boolean {
    return (
      isDeepStrictEqual(belief.payments.map(shown), seen.map(shownRow)) &&
      seen.every(({ evidence }) => evidence.every(({ id, verdict }) => belief.verdicts[id] === verdict)) &&
      Object.entries(this.#returned).every(([id, verdict]) => belief.verdicts[id] === verdict)
    );
  }

  #contradiction(deeds: readonly Deed[], possible: readonly Belief[], seen: readonly Seen[]): string {
    const said = deeds.flatMap(({ batches }) => batches);
    const verdicts = seen.flatMap(({ evidence }) => evidence.map(({ id, verdict }) => [id, verdict]));
    const worlds = possible.slice(0, 4).map((belief) => ({
      payments: belief.payments,
      verdicts: belief.verdicts,
    }));
    return inspect(
      { said, seen: seen.map(shownRow), stored: verdicts, returned: this.#returned, allowed: worlds },
      { depth: 9, breakLength: 120 },
    );
  }
}

function shown(payment: Payment) {
  const { status, receipt, paidCents, resultCode, failureReason, rank, attention, events, dispatched } =
    payment;
  return { status, receipt, paidCents, resultCode, failureReason, rank, attention, events, dispatched };
}

function shownRow(row: Seen): ReturnType<typeof shown> {
  return {
    status: row.status,
    receipt: row.mpesaReceiptNumber,
    paidCents: row.paidAmountCents,
    resultCode: row.resultCode,
    failureReason: row.failureReason,
    rank: row.settledRank,
    attention: row.attention.toSorted(),
    // OPERATOR is not told of in these stories.
    events: row.events.map(({ status, source }) => ({ status, source })) as Payment['events'],
    dispatched: row.attempts.some(({ dispatchedAt }) => dispatchedAt !== null),
  };
}

/** What holds in every world. */
function expectSound({ status, sequence, events, openWork }: Seen): void {
  expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
  expect(sequence).toBe(events.length);
  const statuses = events.map((event) => event.status);
  const paid = statuses.indexOf('COMPLETED');
  if (paid !== -1) expect(new Set(statuses.slice(paid))).toEqual(new Set(['COMPLETED']));
  // An open payment that nobody looks after would stay open for ever.
  if (['REQUESTED', 'AWAITING_PAYER', 'UNCONFIRMED'].includes(status)) expect(openWork).not.toBeNull();
}
