/** Where an answer stands in what was received: `end` is null while more must come. */
export type Answer = { status: number; bodyStart: number; end: number | null };

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');
const waiting: Answer = { status: 0, bodyStart: 0, end: null };

/** Just enough HTTP: one answer at a time, framed by Content-Length or by chunks. */
export function readAnswer(bytes: Buffer, length: number): Answer {
  const headLength = bytes.indexOf(headEnd);
  if (headLength === -1 || headLength >= length) return waiting;
  const head = bytes.toString('latin1', 0, headLength);
  const bodyStart = headLength + headEnd.length;
  const status = Number(head.slice(9, 12));
  return { status, bodyStart, end: endOf(bytes, length, head, bodyStart) };
}

function endOf(bytes: Buffer, length: number, head: string, bodyStart: number): number | null {
  const declared = /content-length: *(\d+)/i.exec(head)?.[1];
  if (declared !== undefined) {
    const end = bodyStart + Number(declared);
    return end <= length ? end : null;
  }
  if (!/transfer-encoding: *chunked/i.test(head)) throw new Error(`An answer without a length:\n${head}`);
  const last = bytes.indexOf(lastChunk, bodyStart - 2);
  return last !== -1 && last + lastChunk.length <= length ? last + lastChunk.length : null;
}
