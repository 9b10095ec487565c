import type { PrismaClient } from '../database/database.ts';
import type { TransactionStatus } from '../database/generated/prisma/enums.ts';
import { isFinal } from '../transactions/status.ts';
import type { Watchers } from './watchers.ts';

/** One change of a payment, as it was at that moment. */
export type PaymentChange = {
  transactionId: string;
  sequence: number;
  status: TransactionStatus;
  isFinal: boolean;
  occurredAt: Date;
};

export type PaymentStreamDeps = { prisma: PrismaClient; watchers: Watchers };

/** Read at once: a payment has a handful of changes in its life. */
const changesMax = 100;

/**
 * The changes of one payment, each once and in order: the present state first, or every change after `afterSequence`;
 * it ends after the latest change once that is final. It watches before it reads, and the sequence says what is new,
 * so nothing that happens in between is missed or told twice. Holds one number, no queue: a slow reader costs nothing.
 */
export class PaymentStream implements AsyncIterableIterator<PaymentChange> {
  readonly #deps: PaymentStreamDeps;
  readonly #transactionId: string;
  /** The last change that was told; null until the present state has been. */
  #cursor: number | null;
  #read: PaymentChange[] = [];
  #stopWatching: (() => void) | null = null;
  #isOver = false;
  /** Set by a wake-up that comes while nobody waits for one. */
  #isStale = true;
  #wake: (() => void) | null = null;

  constructor(deps: PaymentStreamDeps, transactionId: string, afterSequence: number | null) {
    this.#deps = deps;
    this.#transactionId = transactionId;
    this.#cursor = afterSequence;
  }

  async next(): Promise<IteratorResult<PaymentChange, undefined>> {
    // Begins with the first pull, so that a stream that nobody reads leaves nothing behind.
    this.#stopWatching ??= this.#deps.watchers.add(this.#transactionId, {
      sequence: () => this.#cursor ?? 0,
      wake: () => this.#wakeUp(),
    });
    while (!this.#isOver) {
      const change = this.#read.shift();
      if (change !== undefined) return this.#tell(change);
      await this.#untilStale();
      if (!this.#isOver) await this.#look();
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<PaymentChange, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  #tell(change: PaymentChange): IteratorResult<PaymentChange, undefined> {
    this.#cursor = change.sequence;
    if (change.isFinal && this.#read.length === 0) this.#end();
    return { done: false, value: change };
  }

  async #look(): Promise<void> {
    this.#isStale = false;
    const changes = await this.#changes();
    const latest = changes[0];
    if (latest === undefined) return this.#end();
    const cursor = this.#cursor;
    this.#read = cursor === null ? [latest] : changes.filter(({ sequence }) => sequence > cursor).reverse();
    // Nothing new, and nothing more to come.
    if (this.#read.length === 0 && latest.isFinal) this.#end();
  }

  /** Newest first, back to the first that has not been told. */
  async #changes(): Promise<PaymentChange[]> {
    const transactionId = this.#transactionId;
    const { transactionEvent } = this.#deps.prisma;
    const select = { sequence: true, status: true, occurredAt: true };
    const orderBy = { sequence: 'desc' } as const;
    const latest = await transactionEvent.findMany({ where: { transactionId }, select, orderBy, take: 1 });
    const from = latest[0]?.sequence ?? 0;
    const events =
      this.#cursor === null || from <= this.#cursor + 1
        ? latest
        : await transactionEvent.findMany({
            where: { transactionId, sequence: { gt: this.#cursor } },
            select,
            orderBy: { sequence: 'asc' },
            take: changesMax,
          }).then((rows) => rows.reverse());
    if (events.length === changesMax) this.#isStale = true;
    return events.map((event) => ({ transactionId, ...event, isFinal: isFinal(event.status) }));
  }

  async #untilStale(): Promise<void> {
    if (this.#isStale) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }

  #wakeUp(): void {
    this.#isStale = true;
    this.#wake?.();
  }

  #end(): void {
    this.#isOver = true;
    this.#read = [];
    this.#stopWatching?.();
    this.#stopWatching = () => undefined;
    this.#wake?.();
  }
}
