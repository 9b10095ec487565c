import { describe, expect, it } from 'vitest';
import { printableText } from '../../src/daraja/wire/printable-text.ts';

const numbers = [
  '254712345678',
  '0712345678',
  '+254 712 345 678',
  '254-712-345-678',
  '712345678',
  '(0712) 345 678',
];
const surroundings = [
  (secret: string) => secret,
  (secret: string) => `Invalid PhoneNumber ${secret}.`,
  (secret: string) => `id${secret}x`,
  (secret: string) => `${'x '.repeat(95)}${secret} and more`,
  (secret: string) => `${'y '.repeat(996)}${secret}${' z'.repeat(900)}`,
  (secret: string) => `first\n${secret}\tlast`,
];

describe('printable text', () => {
  it('never contains a phone number, however it is written and wherever it stands', () => {
    for (const secret of numbers) {
      for (const surround of surroundings) {
        const digits = printableText(surround(secret)).replace(/[ ()-]/g, '');
        expect(digits).not.toMatch(/\d{9}/);
        expect(digits).not.toContain('712345');
      }
    }
  });

  it.each([
    ['a CheckoutRequestID', 'Bad ws_CO_191220191020363925708374149 id', 'Bad [id] id'],
    [
      'an access token',
      'Invalid Access Token - c9SQxWWhmdVRlyh0zh8gZDTkubVF',
      'Invalid Access Token - [hidden]',
    ],
  ])('hides %s', (_what, text, expected) => {
    expect(printableText(text)).toBe(expected);
  });

  it.each([
    '500.001.1001',
    'policies.ratelimit.SpikeArrestViolation',
    'Bad Request - Invalid CheckoutRequestID',
  ])('leaves %o as it is', (text) => expect(printableText(text)).toBe(text));

  it('is one short line', () => {
    expect(printableText(`a\r\n\u0000b\u001b[31m ${'word '.repeat(10_000)}`)).toHaveLength(200);
    expect(printableText('a\r\n\u0000b')).toBe('a b');
  });
});
