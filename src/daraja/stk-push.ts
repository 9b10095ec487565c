import type { AccessToken } from './access-token.ts';
import { CheckoutRequestId } from './checkout-request-id.ts';
import { stkPushProblems } from './field-rules.ts';
import type { PhoneNumber } from './phone-number.ts';
import { findRefusal, type RefusalKind } from './refusals.ts';
import {
  type AnswerBody,
  type AnswerError,
  describeAnswer,
  readAnswerBody,
  textField,
} from './wire/answer-body.ts';
import type { Exchange, HttpClient } from './wire/http-client.ts';
import { printableText } from './wire/printable-text.ts';
import type { StkSignature } from './wire/stk-signature.ts';

export type StkPushRequest = {
  /** The payer, whose handset gets the prompt. */
  phoneNumber: PhoneNumber;
  /** Whole shillings, 1 to 250,000. */
  amountShillings: number;
  accountReference: string;
  description: string;
  callbackUrl: string;
};

/** Messages and advice are for a person, and hold no phone number, token or id. */
export type StkPushAnswer =
  /** The prompt is on its way: not paid. `merchantRequestId` is empty if Safaricom left it out. */
  | {
      outcome: 'accepted';
      merchantRequestId: string;
      checkoutRequestId: CheckoutRequestId;
      customerMessage: string | null;
    }
  /** Turned down before processing, for certain. Only `busy` and `invalid-token` may be resent. */
  | { outcome: 'refused'; kind: RefusalKind; errorCode: string | null; message: string; advice: string }
  /** Could not connect: provably no byte of the request left. */
  | { outcome: 'not-sent'; message: string; advice: string }
  /** Anything else: the prompt may be on the phone. Resending may charge twice. */
  | { outcome: 'unknown'; message: string; advice: string };

export type StkPushDeps = {
  http: HttpClient;
  sign: () => StkSignature;
  merchant: { transactionType: string; partyB: string };
};

const path = '/mpesa/stkpush/v1/processrequest';

const waitAdvice =
  'Do not send it again, the prompt may be on the phone: wait for the callback or ask for the status.';
const connectAdvice = 'Nothing was sent. Check the network and the base URL, then try again.';

/**
 * Asks Safaricom, once, to prompt the payer. Never throws for what Daraja or the network did. STK has no idempotency key
 * (daraja.md §2.1), hence the rule: only an acceptance or a refusal on the closed list is an answer, whatever the HTTP status.
 */
export async function stkPush(
  deps: StkPushDeps,
  token: AccessToken,
  request: StkPushRequest,
): Promise<StkPushAnswer> {
  const problems = stkPushProblems({ ...request, phoneNumber: request.phoneNumber.reveal() });
  if (problems.length > 0) return ownRefusal(problems);
  const exchange = await deps.http.send({
    method: 'POST',
    path,
    headers: { authorization: `Bearer ${token.value.reveal()}`, 'content-type': 'application/json' },
    body: JSON.stringify(pushBody(deps, request)),
  });
  return readExchange(exchange);
}

/** Strings throughout, as Safaricom's own sample has it; the payer is both the party charged and the handset prompted. */
function pushBody({ sign, merchant }: StkPushDeps, request: StkPushRequest): Record<string, string> {
  const payer = request.phoneNumber.reveal();
  return {
    ...sign(),
    TransactionType: merchant.transactionType,
    Amount: String(request.amountShillings),
    PartyA: payer,
    PartyB: merchant.partyB,
    PhoneNumber: payer,
    CallBackURL: request.callbackUrl,
    AccountReference: request.accountReference,
    // Called optional, but the sandbox answers "Invalid Remarks" without it.
    TransactionDesc: request.description,
  };
}

function readExchange(exchange: Exchange): StkPushAnswer {
  switch (exchange.outcome) {
    case 'answered':
      return readAnswer(exchange.status, readAnswerBody(exchange.body));
    case 'not-sent':
      return {
        outcome: 'not-sent',
        message: `The payment request was not sent: ${exchange.cause}.`,
        advice: connectAdvice,
      };
    case 'lost':
      return unknown(exchange.cause);
  }
}

function readAnswer(status: number, body: AnswerBody): StkPushAnswer {
  const error = body.error ?? responseError(body);
  const said = describeAnswer(status, body, error);
  const checkoutRequestId = textField(body.fields, 'CheckoutRequestID');
  if (checkoutRequestId !== null) {
    // An id says that a prompt exists: whatever stands beside it, this is no refusal.
    const accepted = status === 200 && !body.error && body.fields?.['ResponseCode'] === '0';
    return accepted ? acceptance(checkoutRequestId, body) : unknown(said);
  }
  const refusal = findRefusal(status, error);
  // STK sends no id of ours, so "duplicate" could only mean that a gateway sent it twice, and the first was taken.
  if (!refusal || refusal.kind === 'duplicate') return unknown(said);
  const errorCode = error?.code == null ? null : printableText(error.code);
  return {
    outcome: 'refused',
    ...refusal,
    errorCode,
    message: `Safaricom refused the payment request: ${said}.`,
  };
}

function acceptance(checkoutRequestId: string, { fields }: AnswerBody): StkPushAnswer {
  const customerMessage = textField(fields, 'CustomerMessage');
  return {
    outcome: 'accepted',
    merchantRequestId: textField(fields, 'MerchantRequestID') ?? '',
    checkoutRequestId: new CheckoutRequestId(checkoutRequestId),
    customerMessage: customerMessage && printableText(customerMessage),
  };
}

/** A ResponseCode other than "0" is a refusal only if the list has it. */
function responseError({ fields }: AnswerBody): AnswerError | null {
  const message = textField(fields, 'ResponseDescription');
  return message === null ? null : { code: textField(fields, 'ResponseCode'), message };
}

function unknown(what: string): StkPushAnswer {
  const message = `It is not known whether Safaricom took the payment request: ${what}.`;
  return { outcome: 'unknown', message, advice: waitAdvice };
}

function ownRefusal(problems: readonly string[]): StkPushAnswer {
  const message = `The payment request was not sent: ${problems.join('; ')}.`;
  return {
    outcome: 'refused',
    kind: 'bad-request',
    errorCode: null,
    message,
    advice: 'Correct it, then send again.',
  };
}
