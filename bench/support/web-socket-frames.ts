export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

/** A client's frame. Its mask is all zeros, which hides nothing and costs nothing: RFC 6455 lets a client choose any. */
export function clientFrame(opcode: number, payload: string | Buffer): Buffer {
  const length = Buffer.byteLength(payload);
  const isShort = length < 126;
  if (length > 0xffff) throw new Error('No frame of a benchmark is that long');
  const start = isShort ? 6 : 8;
  const frame = Buffer.alloc(start + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (isShort ? length : 126);
  if (!isShort) frame.writeUInt16BE(length, 2);
  if (typeof payload === 'string') frame.write(payload, start);
  else payload.copy(frame, start);
  return frame;
}

export type ServerFrame = { opcode: number; payload: Buffer; end: number };

/** The frame that begins at `start`; null while it is not whole. */
export function readServerFrame(bytes: Buffer, start: number): ServerFrame | null {
  if (bytes.length < start + 2) return null;
  const opcode = bytes.readUInt8(start) & 0x0f;
  const short = bytes.readUInt8(start + 1) & 0x7f;
  if (short === 127) throw new Error('No frame of a benchmark is that long');
  const isLong = short === 126;
  if (isLong && bytes.length < start + 4) return null;
  const payloadStart = start + (isLong ? 4 : 2);
  const end = payloadStart + (isLong ? bytes.readUInt16BE(start + 2) : short);
  return bytes.length < end ? null : { opcode, payload: bytes.subarray(payloadStart, end), end };
}
