import type { JsonValue } from '../../lib/canonical-json.ts';
import type { PushAnswer } from '../../transactions/settle-answer.ts';
import type { Submission } from '../../transactions/settle/submission.ts';
import { submissionOf, type Arrival } from '../arrival.ts';

/** What the spool keeps until the database can have it: a callback, or what Daraja answered to a push. */
export type SpoolRecord = (Arrival & { kind: 'callback' }) | (PushAnswer & { kind: 'answer' });

/** Raised when an older Malipo could not read what this one writes. */
const version = 1;

/** A body is kept as it came, and read again when it is replayed. */
export function encodeRecord(record: SpoolRecord): Buffer {
  const shared = { version, id: record.id, receivedAt: record.receivedAt.toISOString() };
  return Buffer.from(JSON.stringify({ ...shared, ...partsOf(record) }));
}

/** As JSON has them: a Date in the evidence of an answer would not come back as one, and does not compile. */
function partsOf(record: SpoolRecord): Record<string, JsonValue> {
  if (record.kind === 'callback') {
    const { kind, peer, body, address } = record;
    return { kind, peer, body: body.toString('base64'), address };
  }
  const { kind, transactionId, evidence } = record;
  return { kind, transactionId, evidence };
}

/** Throws for what another version wrote. What the CRC vouches for is otherwise what we wrote. */
export function decodeRecord(payload: Buffer): SpoolRecord {
  const { version: written, ...stored } = JSON.parse(payload.toString()) as Stored & { version: unknown };
  if (written !== version) throw new Error(`Spool records of version ${String(written)} cannot be read`);
  const receivedAt = new Date(stored.receivedAt);
  return stored.kind === 'callback'
    ? { ...stored, receivedAt, body: Buffer.from(stored.body, 'base64') }
    : { ...stored, receivedAt };
}

type Stored =
  | (Omit<Arrival, 'receivedAt' | 'body'> & { kind: 'callback'; receivedAt: string; body: string })
  | (Omit<PushAnswer, 'receivedAt'> & { kind: 'answer'; receivedAt: string });

/** What the record says, for the database. */
export function submissionOfRecord(record: SpoolRecord): Submission {
  if (record.kind === 'answer') return { ...record, kind: 'evidence', peer: null, body: null };
  const { kind: _kind, ...arrival } = record;
  return submissionOf(arrival);
}
