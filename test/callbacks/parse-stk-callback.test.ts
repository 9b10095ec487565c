import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unreadableAmount } from '../../src/transactions/decide/evidence.ts';
import { parseStkCallback } from '../../src/callbacks/parse-stk-callback.ts';

const folder = join(import.meta.dirname, '../payloads');
const samples = readdirSync(folder).filter((name) => name.startsWith('stk-callback-'));
const sample = (name: string): Buffer => readFileSync(join(folder, name));

type Item = { Name?: unknown; Value?: unknown };

const items: readonly Item[] = [
  { Name: 'Amount', Value: 1500 },
  { Name: 'MpesaReceiptNumber', Value: 'UKO1ABCDEF' },
  { Name: 'TransactionDate', Value: 20261124101030 },
  { Name: 'PhoneNumber', Value: 254712345678 },
];

const fields = {
  MerchantRequestID: 'merchant-1',
  CheckoutRequestID: 'ws_CO_1',
  ResultCode: 0 as unknown,
  ResultDesc: 'The service request is processed successfully.' as unknown,
};

const parse = (document: unknown) => parseStkCallback(Buffer.from(JSON.stringify(document)));
const parseCallback = (stkCallback: unknown) => parse({ Body: { stkCallback } });
const parseItems = (list: unknown, changes: object = {}) =>
  parseCallback({ ...fields, ...changes, CallbackMetadata: { Item: list } });
const withAmount = (value: unknown) => [{ Name: 'Amount', Value: value }, ...items.slice(1)];

const whole = {
  kind: 'callback',
  source: 'CALLBACK',
  merchantRequestId: 'merchant-1',
  checkoutRequestId: 'ws_CO_1',
  resultCode: '0',
  resultDescription: 'The service request is processed successfully.',
  receipt: 'UKO1ABCDEF',
  amountCents: 150_000,
  paidAt: new Date('2026-11-24T07:10:30Z'),
};

describe('the samples of what Daraja posts', () => {
  it('are there', () => {
    expect(samples.length).toBeGreaterThan(10);
  });

  it.each(samples)('%s is read as it is written', (name) => {
    const { stkCallback } = JSON.parse(sample(name).toString()).Body;
    expect(parseStkCallback(sample(name))).toMatchObject({
      checkoutRequestId: stkCallback.CheckoutRequestID,
      merchantRequestId: stkCallback.MerchantRequestID,
      resultCode: String(stkCallback.ResultCode),
      resultDescription: stkCallback.ResultDesc,
    });
  });

  it.each(samples)('%s has amount, receipt and time exactly when it is a success', (name) => {
    const parsed = parseStkCallback(sample(name));
    if ('problem' in parsed) throw new Error(parsed.problem);
    const isPaid = parsed.resultCode === '0';
    expect([parsed.amountCents, parsed.receipt !== null, parsed.paidAt !== null]).toEqual([
      isPaid ? 100 : null,
      isPaid,
      isPaid,
    ]);
  });
});

describe('items', () => {
  it('are read by name', () => {
    expect(parseItems(items)).toEqual(whole);
  });

  it('are read in any order', () => {
    expect(parseItems(items.toReversed())).toEqual(whole);
  });

  it('may have others among them, and be no items at all', () => {
    const others = [null, 7, 'x', [], {}, { Name: 5, Value: 1 }, { Name: 'New', Value: { deep: [] } }];
    expect(parseItems([...others, ...items, ...others])).toEqual(whole);
  });

  it('may have no value', () => {
    expect(parseItems([{ Name: 'Balance' }, ...items])).toEqual(whole);
  });

  it('may be masked where they say who paid', () => {
    expect(parseItems([...items.slice(0, 3), { Name: 'PhoneNumber', Value: '254712***678' }])).toEqual(whole);
  });

  it('may be one object instead of a list', () => {
    expect(parseItems({ Name: 'MpesaReceiptNumber', Value: 'UKO1ABCDEF' })).toMatchObject({
      receipt: 'UKO1ABCDEF',
    });
  });

  it.each([undefined, null, 'x', 5, {}, []])('may be missing (%j)', (list) => {
    expect(parseItems(list)).toMatchObject({
      resultCode: '0',
      receipt: null,
      amountCents: null,
      paidAt: null,
    });
  });

  it('that date no moment of the calendar give no time', () => {
    const dated = (value: unknown) => parseItems([{ Name: 'TransactionDate', Value: value }]);
    for (const value of [20260230101030, '2026-11-24', 2.026112410103e13, 1e99, true, null]) {
      expect(dated(value)).toHaveProperty('paidAt', value === 2.026112410103e13 ? whole.paidAt : null);
    }
  });
});

describe('an amount', () => {
  it.each([
    [1500, 150_000],
    [1500.0, 150_000],
    ['1500', 150_000],
    ['1500.00', 150_000],
    [' 1500.5 ', 150_050],
    [0.29, 29],
    [1.1, 110],
    [0, 0],
    [250_000, 25_000_000],
    [null, null],
    [undefined, null],
  ])('%j is %j cents', (value, cents) => {
    expect(parseItems(withAmount(value))).toMatchObject({ resultCode: '0', amountCents: cents });
  });

  it.each([-1, 1.005, 1e12, '1,500', 'KES 1500', '', '1e3', '0x10', '-5', true, [1500], {}, '١٥٠٠'])(
    '%j is none, and equals none that was asked for',
    (value) => {
      expect(parseItems(withAmount(value))).toMatchObject({ resultCode: '0', amountCents: unreadableAmount });
    },
  );
});

describe('a result code', () => {
  it.each([
    [0, '0'],
    ['0', '0'],
    [' 0 ', '0'],
    [1032, '1032'],
    ['E3008', 'E3008'],
    ['SFC_IC0003', 'SFC_IC0003'],
    ['00', '00'],
  ])('%j is %j, as text', (code, text) => {
    expect(parseCallback({ ...fields, ResultCode: code })).toMatchObject({ resultCode: text });
  });

  it.each([undefined, null, '', ' ', true, false, [], [0], {}, 0.5, '0 0', 'x'.repeat(41), '0\0'])(
    '%j is none, so the body is of no use',
    (code) => {
      expect(parseCallback({ ...fields, ResultCode: code })).toEqual({
        problem: 'Body.stkCallback.ResultCode is missing or no code.',
      });
    },
  );
});

describe('a body', () => {
  it.each(['', '{', 'null', '[]', '"text"', '5', '<html></html>', 'ResultCode=0', '\0'])(
    '%j is of no use',
    (text) => {
      expect(parseStkCallback(Buffer.from(text))).toHaveProperty('problem');
    },
  );

  it('that is no UTF-8 is of no use', () => {
    expect(parseStkCallback(Buffer.from([0xff, 0xfe, 0x7b]))).toHaveProperty('problem');
  });

  it.each([
    {},
    { Body: null },
    { Body: [] },
    { Body: { stkCallback: [fields] } },
    { body: { stkCallback: fields } },
  ])('%j is of no use', (document) => {
    expect(parse(document)).toHaveProperty('problem');
  });

  it('may have fields that nobody knows, at every level', () => {
    const document = {
      New: 1,
      Body: { New: {}, stkCallback: { ...fields, New: [], CallbackMetadata: { New: 0, Item: items } } },
    };
    expect(parse(document)).toEqual(whole);
  });

  it('nested without end is of no use, and does no harm', () => {
    const deep = `${'['.repeat(32_000)}${']'.repeat(32_000)}`;
    expect(parseStkCallback(Buffer.from(deep))).toHaveProperty('problem');
    expect(
      parseStkCallback(Buffer.from(`{"Body":{"stkCallback":{"ResultCode":0,"x":${deep}}}}`)),
    ).toHaveProperty('resultCode', '0');
  });

  it('with thousands of items is read', () => {
    const crowd = Array.from({ length: 2_000 }, (_, index) => ({
      Name: `Item${String(index)}`,
      Value: index,
    }));
    expect(parseItems([...crowd, ...items])).toEqual(whole);
  });

  it('takes nothing from __proto__', () => {
    const text = '{"Body":{"stkCallback":{"__proto__":{"ResultCode":0,"CheckoutRequestID":"ws_CO_1"}}}}';
    expect(parseStkCallback(Buffer.from(text))).toHaveProperty('problem');
    const named =
      '{"Body":{"stkCallback":{"ResultCode":0,"CallbackMetadata":{"Item":[{"__proto__":{"Name":"Amount","Value":5}}]}}}}';
    expect(parseStkCallback(Buffer.from(named))).toHaveProperty('amountCents', null);
  });

  it('leaves Object as it is', () => {
    parseStkCallback(
      Buffer.from(
        '{"__proto__":{"polluted":1},"Body":{"stkCallback":{"__proto__":{"polluted":1},"ResultCode":0}}}',
      ),
    );
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('a text', () => {
  const described = (text: unknown) => {
    const parsed = parseCallback({ ...fields, ResultDesc: text });
    return 'problem' in parsed ? parsed.problem : parsed.resultDescription;
  };

  it('loses what PostgreSQL cannot store', () => {
    expect(described('a\0b')).toBe('ab');
    expect(described('half \ud83d pair').isWellFormed()).toBe(true);
  });

  it('is cut where nobody would read on, and not through a character', () => {
    expect(described('x'.repeat(10_000))).toHaveLength(500);
    expect(described(`${'x'.repeat(499)}\u{1F600}`).isWellFormed()).toBe(true);
  });

  it.each([undefined, null, 5, {}, []])('that is none is empty or as it is written (%j)', (value) => {
    expect(described(value)).toBe(value === 5 ? '5' : '');
  });

  it('that is empty is no receipt', () => {
    expect(parseItems([{ Name: 'MpesaReceiptNumber', Value: ' ' }])).toHaveProperty('receipt', null);
  });
});
