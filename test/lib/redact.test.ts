import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/lib/logger.ts';
import { Masked } from '../../src/lib/masked.ts';
import { createRedactor } from '../../src/lib/redact.ts';

const secret = 'a "secret" that\\nobody may read';
const callbackToken = `${'0123456789abcdef'.repeat(4)}0123`;
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';

/** What a log says of one event. */
function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  const to = { write: (line: string) => void lines.push(line) };
  write(createLogger('trace', { secrets: [new Masked(secret)], to }));
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith('\n')).toBe(true);
  JSON.parse(lines[0] ?? '');
  return lines[0] ?? '';
}

const kinds = [
  ['a phone number', '254712345678', '2547*****678'],
  ['a phone number of the newer kind', '+254112345678', '+2541*****678'],
  ['a phone number as people write it', '0712345678', '0712***678'],
  ['a CheckoutRequestID', 'ws_CO_24112026101010123712345678', '[CheckoutRequestID]'],
  ['an API key', 'mlp_live_abcDEF-123_456', '[key]'],
  ['a watch token', jwt, '[token]'],
  ['a callback token', callbackToken, '[callback token]'],
  ['an access token', 'Bearer c9SQxWWhmdVRlyh0zh8gZDTkubVF', '[credential]'],
  [
    'the password of an address',
    'postgresql://malipo:hush@db.example/malipo',
    'postgresql://malipo:[password]@db',
  ],
  ['a secret of the settings', secret, '[secret]'],
] as const;

describe.each(kinds)('%s is not readable in a log line', (_, text, shown) => {
  it.each([
    ['as the message', (logger) => logger.info(`It was ${text}.`)],
    ['as a field', (logger) => logger.info({ field: text }, 'said')],
    ['deep in a field', (logger) => logger.info({ deep: [{ er: text }] }, 'said')],
    ['as the name of a field', (logger) => logger.info({ [text]: 1 }, 'said')],
    ['in an error', (logger) => logger.error({ err: new Error(`Key (x)=(${text}) exists`) }, 'failed')],
    [
      'in the cause of an error',
      (logger) => logger.error({ err: new Error('no', { cause: new Error(text) }) }),
    ],
    [
      'in what an error carries',
      (logger) => logger.error({ err: Object.assign(new Error('no'), { meta: { detail: text } }) }, 'failed'),
    ],
  ] satisfies [string, (logger: ReturnType<typeof createLogger>) => void][])('%s', (_where, write) => {
    const line = logged(write);
    const bare = JSON.stringify(text.replace(/^(\+|Bearer |postgresql:\/\/malipo:)/, '')).slice(1, -1);
    expect(line).not.toContain(bare.replace('@db.example/malipo', ''));
    expect(line).toContain(shown);
  });
});

it('a phone number is not readable as a number either, and the line stays JSON', () => {
  expect(JSON.parse(logged((logger) => logger.info({ phone: 254712345678 }, 'said')))).toMatchObject({
    phone: '2547*****678',
  });
});

it.each([
  ['an id', '019c0712-3456-7890-8abc-def012345678'],
  ['a time', '2026-11-24T07:10:30.254Z'],
  ['milliseconds', '1795590630254'],
  ['a receipt', 'UKO1ABCDEF'],
  ['a SHA-256', 'ab'.repeat(32)],
  ['an address', 'https://sandbox.safaricom.co.ke/oauth/v1/generate'],
  ['a price', '0.0712345678'],
])('%s is left as it is', (_, text) => {
  expect(createRedactor().text(`see ${text} there`)).toBe(`see ${text} there`);
  expect(logged((logger) => logger.info({ text }, 'said'))).toContain(text);
});

it('a word is no secret, though the simulator is secured with one', () => {
  expect(createRedactor([new Masked('simulator')]).text('the simulator')).toBe('the simulator');
});
