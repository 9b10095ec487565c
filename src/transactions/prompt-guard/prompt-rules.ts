import type { CoolDowns } from '../../daraja/cool-downs.ts';
import { coolDownAfter } from '../cool-down.ts';
import { isFinal } from '../decide/status.ts';
import type { EarlierPayment, Traffic } from './traffic.ts';

export type PromptRuleSettings = {
  /** For how long after it was dispatched a prompt may still stand on the phone. */
  openSeconds: number;
  perPhonePerMinute: number;
  perClientPerSecond: number;
  coolDowns: CoolDowns;
};

/** `retryAfterSeconds`: the same request, with the same key, may succeed then. */
export type PromptRefusal = {
  code: 'PROMPT_ALREADY_OPEN' | 'PAYER_COOLING_DOWN' | 'RATE_LIMITED';
  message: string;
  /** Null: it is not about one field. */
  field: 'phoneNumber' | null;
  retryAfterSeconds: number;
};

type Ask = { traffic: Traffic; amountCents: number; settings: PromptRuleSettings };

type Rule = Pick<PromptRefusal, 'code' | 'field'> & {
  says(settings: PromptRuleSettings): string;
  /** How long it forbids another prompt; nothing, or less, where it does not. */
  waitSeconds(ask: Ask): number;
};

/** The first that forbids a prompt is the answer. */
const rules: readonly Rule[] = [
  {
    code: 'PROMPT_ALREADY_OPEN',
    field: 'phoneNumber',
    says: () =>
      'A payment prompt is open on this phone, and a second one may charge the payer twice. Let the payer finish the first.',
    waitSeconds: ({ traffic, settings }) =>
      longest(traffic.payments.map((payment) => openForSeconds(payment, settings.openSeconds))),
  },
  {
    code: 'PAYER_COOLING_DOWN',
    field: 'phoneNumber',
    says: () => 'After its last answer about this phone, M-Pesa wants it left alone for a while.',
    waitSeconds: ({ traffic, amountCents, settings }) =>
      longest(traffic.payments.map((payment) => coolsForSeconds(payment, amountCents, settings.coolDowns))),
  },
  {
    code: 'RATE_LIMITED',
    field: 'phoneNumber',
    says: ({ perPhonePerMinute: max }) => `This phone was asked too often: at most ${times(max)} a minute.`,
    waitSeconds: ({ traffic, settings }) => {
      const oldestThatCounts = traffic.payments[settings.perPhonePerMinute - 1];
      return oldestThatCounts === undefined ? 0 : 60 - oldestThatCounts.ageSeconds;
    },
  },
  {
    code: 'RATE_LIMITED',
    field: null,
    says: ({ perClientPerSecond: max }) => `You ask for too many payments: at most ${String(max)} a second.`,
    waitSeconds: ({ traffic, settings }) => (traffic.clientPayments < settings.perClientPerSecond ? 0 : 1),
  },
];

/** Why the payer may not be prompted now, or null. Pure. */
export function findPromptRefusal(ask: Ask): PromptRefusal | null {
  for (const rule of rules) {
    const wait = rule.waitSeconds(ask);
    if (wait <= 0) continue;
    const { code, field } = rule;
    const retryAfterSeconds = Math.ceil(wait);
    const message = `${rule.says(ask.settings)} Ask again in ${seconds(retryAfterSeconds)}, with the same key.`;
    return { code, field, retryAfterSeconds, message };
  }
  return null;
}

/**
 * An open prompt ends with M-Pesa's own result or with the proof that none was shown. An operator's word (which has the
 * rank of such a proof, but leaves the prompt dispatched) settles the payment and takes nothing off the phone.
 */
function openForSeconds(payment: EarlierPayment, openSeconds: number): number {
  const isOpen = !isFinal(payment.status);
  if (!isOpen && payment.settledRank !== 5) return 0;
  if (payment.dispatchedSecondsAgo !== null) return openSeconds - payment.dispatchedSecondsAgo;
  // It is about to be dispatched.
  return isOpen && payment.isBeingSent ? openSeconds : 0;
}

function coolsForSeconds(payment: EarlierPayment, amountCents: number, coolDowns: CoolDowns): number {
  const code = coolDownAfter(payment);
  if (code === null || payment.settledSecondsAgo === null) return 0;
  // The rule behind it is about the same amount: payers are told that they may try another (advice.ts).
  if (code === '17' && payment.amountCents !== amountCents) return 0;
  return coolDowns[code] - payment.settledSecondsAgo;
}

function longest(waits: readonly number[]): number {
  return Math.max(0, ...waits);
}

const times = (count: number): string => (count === 1 ? 'once' : `${String(count)} times`);
const seconds = (count: number): string => (count === 1 ? 'a second' : `${String(count)} seconds`);
