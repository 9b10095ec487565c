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
      await this.#lookWhenStale();
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

  /** Waits to be woken; the stream may be over by then. */
  async #lookWhenStale(): Promise<void> {
    await this.#untilStale();
    if (this.#isOver) return;
    this.#isStale = false;
    try {
      this.#read = await this.#newChanges();
      if (this.#read.length === 0) await this.#endIfSettled();
    } catch (error) {
      // Nobody pulls from a stream that threw: its client resumes with another.
      this.#end();
      throw error;
    }
    if (this.#read.length === changesMax) this.#isStale = true;
  }

  /** Oldest first: what has not been told, or the present state for whoever was told nothing. */
  async #newChanges(): Promise<PaymentChange[]> {
    const cursor = this.#cursor;
    const events =
      cursor === null
        ? await this.#events({}, 'desc', 1)
        : await this.#events({ sequence: { gt: cursor } }, 'asc', changesMax);
    return events.map((event) => ({
      transactionId: this.#transactionId,
      ...event,
      isFinal: isFinal(event.status),
    }));
  }

  /** Nothing new was there. A change that was stored since is told before the end, even if it is the final one. */
  async #endIfSettled(): Promise<void> {
    const [latest] = await this.#events({}, 'desc', 1);
    if (latest !== undefined && latest.sequence > (this.#cursor ?? 0)) this.#isStale = true;
    else if (latest === undefined || isFinal(latest.status)) this.#end();
  }

  #events(where: { sequence?: { gt: number } }, order: 'asc' | 'desc', take: number) {
    return this.#deps.prisma.transactionEvent.findMany({
      where: { transactionId: this.#transactionId, ...where },
      select: { sequence: true, status: true, occurredAt: true },
      orderBy: { sequence: order },
      take,
    });
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
