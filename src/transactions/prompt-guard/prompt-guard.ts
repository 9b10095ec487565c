import type { Sql } from '../../database/sql.ts';
import type { PhoneNumber } from '../../daraja/phone-number.ts';
import type { Clock } from '../../lib/clock.ts';
import { findPromptRefusal, type PromptRefusal, type PromptRuleSettings } from './prompt-rules.ts';
import { readTraffic } from './traffic.ts';

export type PromptAsk = { clientId: string; phoneNumber: PhoneNumber; amountShillings: number };

export type PromptGuard = {
  /** Looks without a lock, so that a flood of requests for one phone waits for nothing and holds nothing. */
  look(sql: Sql, ask: PromptAsk): Promise<PromptRefusal | null>;
  /**
   * Looks while nobody else, in any process, can store a payment for this phone or this client: what it allows stays
   * allowed until the database transaction ends.
   */
  lookAlone(sql: Sql, ask: PromptAsk): Promise<PromptRefusal | null>;
};

/**
 * Of a phone's payments the guard looks at so many, beside those of the last minute. No more matter: while one forbids
 * a prompt none is stored after it, and those that cool down late are among the latest.
 */
const earlierPaymentsMax = 20;

/** Keeps payers from being prompted twice at once, too soon or too often, whoever asks. */
export function createPromptGuard(settings: PromptRuleSettings, clock: Clock): PromptGuard {
  async function findRefusal(sql: Sql, ask: PromptAsk) {
    const { clientId, phoneNumber, amountShillings } = ask;
    const traffic = await readTraffic(sql, {
      clientId,
      phoneNumber: phoneNumber.reveal(),
      now: clock.now(),
      paymentsMax: earlierPaymentsMax + settings.perPhonePerMinute,
      clientPaymentsMax: settings.perClientPerSecond,
    });
    return findPromptRefusal({ traffic, amountCents: amountShillings * 100, settings });
  }

  return {
    look: findRefusal,
    async lookAlone(sql, ask) {
      // Always the phone before the client: two orders would sooner or later deadlock.
      await lock(sql, `prompt of phone ${ask.phoneNumber.reveal()}`);
      await lock(sql, `prompt of client ${ask.clientId}`);
      return findRefusal(sql, ask);
    },
  };
}

/** Until the database transaction ends. Names that share a hash wait for each other, which does no harm. */
async function lock(sql: Sql, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
}
