import { expect, it } from 'vitest';
import { readReason } from '../../../src/transactions/operate/operators-reason.ts';

it.each([
  ['Seen on the statement.', 'Seen on the statement.'],
  ['  two\r\n\tlines \u0007of it\u2028here ', 'two lines of it here'],
  ['paid \u202Eton', 'paid ton'],
  ['Malipo yamepokelewa – 👍', 'Malipo yamepokelewa – 👍'],
  ['?', '?'],
  ['x'.repeat(500), 'x'.repeat(500)],
])('a reason is kept on one line that shows what it says: %j', (text, line) => {
  expect(readReason(text)).toBe(line);
});

it.each([
  '',
  ' \n\t',
  '\u0001\u0002',
  '\u200B',
  '\u202E',
  'a NUL \0 in it',
  'half a pair \uD800',
  'x'.repeat(501),
])('%j is none', (text) => {
  expect(readReason(text)).toBeNull();
});
