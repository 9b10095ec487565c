import { reservedOutcomes } from '../outcomes.ts';
import type { Outcome } from '../outcomes.ts';
import type { CallbackOverrides } from '../payer/payer.ts';
import { ControlRefusal } from './control-refusal.ts';

type Input = Readonly<Record<string, unknown>>;

/** What a person at the phone can do, as Safaricom's result code. */
const decisions: Readonly<Record<string, string>> = {
  pay: '0',
  cancel: '1032',
  'wrong-pin': '2001',
  'insufficient-funds': '1',
  ignore: '1037',
};

/** `{"decision": "pay"}` or `{"resultCode": "1032"}`. Gives the result code. */
export function parseDecision(body: unknown): string {
  const input = parseInput(body, ['decision', 'resultCode']);
  const { decision, resultCode } = input;
  if ((decision === undefined) === (resultCode === undefined)) {
    throw new ControlRefusal('BAD_INPUT', 'Give either "decision" or "resultCode".');
  }
  if (resultCode !== undefined) return parseResultCode(resultCode);
  const code =
    typeof decision === 'string' && Object.hasOwn(decisions, decision) ? decisions[decision] : undefined;
  return code ?? refuse('decision', `must be one of ${Object.keys(decisions).join(', ')}`);
}

/** `{"resultCode"?, "amount"?, "receipt"?, "body"?}`; `body` is sent as it is, in place of everything else. */
export function parseCallbackOverrides(body: unknown): CallbackOverrides {
  const {
    resultCode,
    amount,
    receipt,
    body: raw,
  } = parseInput(body, ['resultCode', 'amount', 'receipt', 'body']);
  return {
    ...(resultCode === undefined ? {} : { resultCode: parseResultCode(resultCode) }),
    ...(amount === undefined ? {} : { amount: parseAmount(amount) }),
    ...(receipt === undefined ? {} : { receipt: parseText(receipt, 'receipt') }),
    ...(raw === undefined ? {} : { body: parseText(raw, 'body') }),
  };
}

/** `{"outcome": 7}`: NN of the reserved numbers. */
export function parseOutcome(body: unknown): Outcome {
  const { outcome } = parseInput(body, ['outcome']);
  const found = typeof outcome === 'number' ? reservedOutcomes[outcome] : undefined;
  return found ?? refuse('outcome', `must be a whole number from 0 to ${reservedOutcomes.length - 1}`);
}

export function parsePhone(phone: string): string {
  return /^254[17]\d{8}$/.test(phone)
    ? phone
    : refuse('phone', 'must look like 2547XXXXXXXX or 2541XXXXXXXX');
}

/** Unknown keys are refused: a misspelt override that is ignored would make a test pass for nothing. */
function parseInput(body: unknown, keys: readonly string[]): Input {
  const input = parseJson(typeof body === 'string' && body.trim() !== '' ? body : '{}');
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new ControlRefusal('BAD_INPUT', 'The body must be a JSON object.');
  }
  const unknown = Object.keys(input).find((key) => !keys.includes(key));
  return unknown === undefined ? (input as Input) : refuse(unknown, `is unknown; known: ${keys.join(', ')}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlRefusal('BAD_JSON', 'The body is not JSON.');
  }
}

function parseResultCode(value: unknown): string {
  const code = typeof value === 'number' ? String(value) : value;
  if (typeof code === 'string' && /^\w{1,20}$/.test(code)) return code;
  return refuse('resultCode', 'must be a result code, such as "0", 1032 or "E3008"');
}

function parseAmount(value: unknown): number {
  if (typeof value === 'number' && value >= 0.01 && value < 1e9) return value;
  return refuse('amount', 'must be a number of shillings from 0.01');
}

function parseText(value: unknown, field: string): string {
  return typeof value === 'string' ? value : refuse(field, 'must be a string');
}

function refuse(field: string, problem: string): never {
  throw new ControlRefusal('BAD_INPUT', `"${field}" ${problem}.`, [field]);
}
