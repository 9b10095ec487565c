import { describe, expect, it } from 'vitest';
import {
  decodeRecord,
  encodeRecord,
  submissionOfRecord,
  type SpoolRecord,
} from '../../../src/callbacks/spool/record.ts';

const receivedAt = new Date('2026-11-24T07:10:31.123Z');
const transactionId = '0199f2a0-0000-7000-8000-000000000001';
const arrival = { id: '0199f2a0-0000-7000-8000-00000000000a', receivedAt, peer: '196.201.214.200' };

const answer: SpoolRecord = {
  kind: 'answer',
  id: arrival.id,
  receivedAt,
  transactionId,
  evidence: {
    kind: 'prompt-accepted',
    source: 'DARAJA_ANSWER',
    attempt: 2,
    merchantRequestId: null,
    checkoutRequestId: 'ws_CO_1',
  },
};
const callback = (body: Buffer, address: { transactionId: string; attempt: number } | null): SpoolRecord => ({
  kind: 'callback',
  ...arrival,
  body,
  address,
});

describe('a record of the spool', () => {
  it('comes back as it was, to the byte and the millisecond', () => {
    const bytes = Buffer.from([0, 255, 128, 10, 13, 34]);
    const records = [answer, callback(bytes, { transactionId, attempt: 2 }), callback(Buffer.alloc(0), null)];
    expect(records.map((record) => decodeRecord(encodeRecord(record)))).toEqual(records);
  });

  it('of a later version is not misread', () => {
    const later = Buffer.from(JSON.stringify({ version: 2, kind: 'callback' }));
    expect(() => decodeRecord(later)).toThrow('version 2');
  });

  it('says what its body says, which is read again', () => {
    const said = { CheckoutRequestID: 'ws_CO_1', ResultCode: 0, ResultDesc: 'Success' };
    const items = [{ Name: 'TransactionDate', Value: 20261124101112 }];
    const stkCallback = { ...said, CallbackMetadata: { Item: items } };
    const body = Buffer.from(JSON.stringify({ Body: { stkCallback } }));
    const read = (address: { transactionId: string; attempt: number } | null) =>
      submissionOfRecord(decodeRecord(encodeRecord(callback(body, address))));
    const evidence = {
      kind: 'callback',
      checkoutRequestId: 'ws_CO_1',
      resultCode: '0',
      paidAt: new Date('2026-11-24T07:11:12Z'),
    };
    expect(read({ transactionId, attempt: 2 })).toMatchObject({
      ...arrival,
      kind: 'evidence',
      transactionId,
      body,
      evidence: { ...evidence, attempt: 2 },
    });
    expect(read(null)).toMatchObject({ ...arrival, kind: 'unaddressed', body, evidence });
  });

  it('with a body of no use is kept for a person to see', () => {
    const broken = Buffer.from('{');
    expect(submissionOfRecord(callback(broken, { transactionId, attempt: 1 }))).toMatchObject({
      kind: 'unusable',
      transactionId,
      attempt: 1,
    });
    expect(submissionOfRecord(callback(broken, null))).toMatchObject({ kind: 'nameless' });
  });

  it('with an answer of Daraja says what was answered, and when', () => {
    expect(submissionOfRecord(answer)).toEqual({ ...answer, kind: 'evidence', peer: null, body: null });
  });
});
