import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Masked, maskPhoneNumber } from '../../src/lib/masked.ts';
import { CheckoutRequestId } from '../../src/daraja/checkout-request-id.ts';
import { PhoneNumber } from '../../src/daraja/phone-number.ts';

const secret = new Masked('hush');

it('a masked text is given by reveal alone', () => {
  expect(secret.reveal()).toBe('hush');
});

it.each([
  ['in a template', `secret: ${String(secret)}`],
  ['joined', ['', secret].join('')],
  ['as JSON', JSON.stringify({ secret })],
  ['inspected', inspect({ deep: { secret } })],
  ['inspected with what is hidden', inspect(secret, { showHidden: true })],
  ['formatted', format('%s %o %j', secret, secret, secret)],
  ['in an error', new Error('no', { cause: secret }).stack ?? ''],
  ['spread', JSON.stringify(Object.assign({}, secret))],
  ['cloned', inspect(structuredClone(secret))],
])('a masked text does not show %s', (_, text) => {
  expect(text).not.toContain('hush');
});

it('a masked text prints as its label', () => {
  expect(String(new Masked('hush', '2547*****678'))).toBe('2547*****678');
});

describe('a masked phone number', () => {
  it('is recognised by its payer and called by nobody', () => {
    expect(maskPhoneNumber('254712345678')).toBe('2547*****678');
  });
});

it('a payer’s number and Safaricom’s name for the prompt print masked', () => {
  const [payer, id] = [
    new PhoneNumber('254712345678'),
    new CheckoutRequestId('ws_CO_24112026101010123712345678'),
  ];
  expect(`${String(payer)} ${JSON.stringify({ id })}`).toBe('2547*****678 {"id":"[CheckoutRequestID]"}');
  expect(inspect([payer, id])).toBe('[ 2547*****678, [CheckoutRequestID] ]');
});
