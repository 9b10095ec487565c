import type {
  AttentionReason,
  FailureReason,
  TransactionStatus,
} from '../database/generated/prisma/enums.ts';
import { defaultCoolDowns, type CoolDownCode, type CoolDowns } from '../daraja/cool-downs.ts';
import { isFinal } from './decide/status.ts';

export type Language = 'EN' | 'SW';

/** What of a payment decides about what its payer may do next. */
export type Advised = {
  status: TransactionStatus;
  failureReason: FailureReason | null;
  resultCode: string | null;
  acceptedAt: Date | null;
  settledAt: Date | null;
  attention: readonly AttentionReason[];
};

/** The prompt waits about a minute: result 1037 comes 60 s after the push (daraja.md §3). */
const promptLifeMs = 60_000;

export function promptExpiresAt({ status, acceptedAt }: Advised): Date | null {
  return status === 'AWAITING_PAYER' && acceptedAt !== null
    ? new Date(acceptedAt.getTime() + promptLifeMs)
    : null;
}

type FailureAdvice = {
  /** Whether a new payment may help at all, and how long M-Pesa wants to be left alone before it. */
  retry: { afterSeconds: number } | { coolDown: CoolDownCode } | null;
  /** `{wait}` stands for how long that is. */
  message: Record<Language, string>;
};

const soon = { afterSeconds: 0 };
/** Safaricom asks for at least a minute between two prompts to one phone. */
const aMinute = { afterSeconds: 60 };

const advice: Record<FailureReason, FailureAdvice> = {
  INSUFFICIENT_FUNDS: {
    retry: soon,
    message: {
      EN: 'There is not enough money in your M-PESA account. Top up and try again.',
      SW: 'Salio lako la M-PESA halitoshi. Ongeza pesa kisha ujaribu tena.',
    },
  },
  WRONG_PIN: {
    retry: soon,
    message: {
      EN: 'The M-PESA PIN was wrong. Try again; three wrong PINs lock it.',
      SW: 'PIN ya M-PESA si sahihi. Jaribu tena; ukikosea mara tatu itafungwa.',
    },
  },
  CANCELLED_BY_PAYER: {
    retry: soon,
    message: {
      EN: 'You cancelled the payment. Nothing was paid.',
      SW: 'Umeghairi malipo. Hakuna kilicholipwa.',
    },
  },
  PAYER_UNREACHABLE: {
    retry: { coolDown: '1037' },
    message: {
      EN: 'Your phone did not answer. Check that it is on and has network, then try again.',
      SW: 'Simu yako haikupatikana. Hakikisha imewashwa na ina mtandao, kisha ujaribu tena.',
    },
  },
  PROMPT_EXPIRED: {
    retry: aMinute,
    message: {
      EN: 'The request on your phone ran out of time. Try again and enter your PIN within a minute.',
      SW: 'Muda wa ombi kwenye simu yako umeisha. Jaribu tena na uweke PIN ndani ya dakika moja.',
    },
  },
  SUBSCRIBER_BUSY: {
    retry: { coolDown: '1001' },
    message: {
      EN: 'Another M-PESA request is open on your phone. Finish it, wait {wait} and try again.',
      SW: 'Kuna ombi lingine la M-PESA kwenye simu yako. Limalize, subiri {wait}, kisha ujaribu tena.',
    },
  },
  LIMIT_EXCEEDED: {
    retry: { coolDown: '17' },
    message: {
      EN: 'M-PESA does not allow this amount now. Wait {wait}, or try another amount.',
      SW: 'M-PESA hairuhusu kiasi hiki sasa. Subiri {wait}, au jaribu kiasi kingine.',
    },
  },
  PAYER_NOT_ELIGIBLE: {
    retry: null,
    message: {
      EN: 'M-PESA cannot take this payment from your number. Call Safaricom on 100, or pay from another number.',
      SW: 'M-PESA haiwezi kupokea malipo haya kutoka kwa nambari yako. Piga 100, au lipa kwa nambari nyingine.',
    },
  },
  PROMPT_NOT_SENT: {
    retry: soon,
    message: {
      EN: 'No request was sent to your phone. Nothing was paid. Try again.',
      SW: 'Hakuna ombi lililotumwa kwa simu yako. Hakuna kilicholipwa. Jaribu tena.',
    },
  },
  PROMPT_FAILED: {
    retry: aMinute,
    message: {
      EN: 'M-PESA could not show the request on your phone. Nothing was paid. Try again in a minute.',
      SW: 'M-PESA haikuweza kuonyesha ombi kwenye simu yako. Hakuna kilicholipwa. Jaribu tena baada ya dakika moja.',
    },
  },
  MERCHANT_CONFIGURATION: {
    retry: null,
    message: {
      EN: 'The shop cannot take M-PESA payments at the moment. Nothing was paid.',
      SW: 'Duka haliwezi kupokea malipo ya M-PESA kwa sasa. Hakuna kilicholipwa.',
    },
  },
  PROVIDER_BUSY: {
    retry: aMinute,
    message: {
      EN: 'M-PESA is busy. Nothing was paid. Try again in a minute.',
      SW: 'M-PESA ina shughuli nyingi. Hakuna kilicholipwa. Jaribu tena baada ya dakika moja.',
    },
  },
  PROVIDER_REFUSED: {
    retry: null,
    message: {
      EN: 'M-PESA did not take the request. Nothing was paid.',
      SW: 'M-PESA haikukubali ombi. Hakuna kilicholipwa.',
    },
  },
  OTHER: {
    retry: null,
    message: {
      EN: 'M-PESA could not complete the payment. Nothing was paid.',
      SW: 'M-PESA haikuweza kukamilisha malipo. Hakuna kilicholipwa.',
    },
  },
};

/** The daily total may only be tried again on another day; the other limits within minutes. */
const noRetryResultCodes = new Set(['4', '8']);

/** A new payment with a new key may be offered: never while the outcome of this one is open. */
export function canRetry(payment: Advised): boolean {
  return retryOf(payment) !== null;
}

/** Not before this time; null when there is nothing to wait for. The prompt guard goes by the same cool-downs. */
export function retryAfter(payment: Advised, coolDowns: CoolDowns = defaultCoolDowns): Date | null {
  const retry = retryOf(payment);
  if (retry === null || payment.settledAt === null) return null;
  const seconds = waitSeconds(retry, coolDowns);
  return seconds === 0 ? null : new Date(payment.settledAt.getTime() + seconds * 1000);
}

function retryOf(payment: Advised): FailureAdvice['retry'] {
  const { status, failureReason, resultCode } = payment;
  if (isInDoubt(payment)) return null;
  if (!isFinal(status) || failureReason === null || noRetryResultCodes.has(resultCode ?? '')) return null;
  return advice[failureReason].retry;
}

function waitSeconds(retry: FailureAdvice['retry'], coolDowns: CoolDowns): number {
  if (retry === null) return 0;
  return 'coolDown' in retry ? coolDowns[retry.coolDown] : retry.afterSeconds;
}

const messages: Record<TransactionStatus, Record<Language, string>> = {
  REQUESTED: {
    EN: 'Asking M-PESA to send the request to your phone.',
    SW: 'Tunaiomba M-PESA itume ombi kwa simu yako.',
  },
  AWAITING_PAYER: {
    EN: 'Enter your M-PESA PIN on your phone to pay.',
    SW: 'Weka PIN yako ya M-PESA kwenye simu ili ulipe.',
  },
  UNCONFIRMED: {
    EN: 'We do not know yet whether M-PESA took the request. If your phone asks, you may enter your PIN. Do not pay twice.',
    SW: 'Hatujui bado kama M-PESA imepokea ombi. Simu ikiuliza, unaweza kuweka PIN. Usilipe mara mbili.',
  },
  COMPLETED: { EN: 'Paid. Thank you.', SW: 'Umelipa. Asante.' },
  CANCELLED: advice.CANCELLED_BY_PAYER.message,
  EXPIRED: advice.PROMPT_EXPIRED.message,
  FAILED: advice.OTHER.message,
};

/** Something says that the money may have moved after all: another payment might be a second one. */
function isInDoubt({ status, attention }: Advised): boolean {
  return status !== 'COMPLETED' && isFinal(status) && attention.some((reason) => reason !== 'STILL_OPEN');
}

const inDoubt: Record<Language, string> = {
  EN: 'M-PESA told us two things about this payment. Do not pay again: the shop is checking.',
  SW: 'M-PESA imetupa taarifa mbili kuhusu malipo haya. Usilipe tena: duka linakagua.',
};

export function payerMessage(
  payment: Advised,
  language: Language,
  coolDowns: CoolDowns = defaultCoolDowns,
): string {
  if (isInDoubt(payment)) return inDoubt[language];
  const { status, failureReason } = payment;
  if (failureReason === null) return messages[status][language];
  const { message, retry } = advice[failureReason];
  return message[language].replace('{wait}', minutesInWords(waitSeconds(retry, coolDowns), language));
}

const fewMinutes: Record<Language, readonly [none: string, one: string, two: string]> = {
  EN: ['a moment', 'a minute', 'two minutes'],
  SW: ['kidogo', 'dakika moja', 'dakika mbili'],
};

/** Rounded up: to wait for longer than M-Pesa wants does no harm. */
function minutesInWords(seconds: number, language: Language): string {
  const minutes = Math.ceil(seconds / 60);
  return fewMinutes[language][minutes] ?? (language === 'EN' ? `${minutes} minutes` : `dakika ${minutes}`);
}
