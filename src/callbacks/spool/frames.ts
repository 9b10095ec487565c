import { crc32 } from 'node:zlib';

/** Length and CRC-32 of the payload, 4 bytes each. */
const headerBytes = 8;

/** A body of 64 KB in base64, and room for the rest; a length beyond it is none of ours. */
const payloadBytesMax = 128 * 1024;

export function frame(payload: Buffer): Buffer {
  if (!isLength(payload.length)) throw new Error(`A record cannot have ${payload.length} bytes`);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
}

export type Frames = {
  payloads: Buffer[];
  /** Something was written whole and cannot be read any longer. A last write that was cut short is no damage. */
  isDamaged: boolean;
};

/** Reads what can be read, also behind what cannot. */
export function readFrames(bytes: Buffer): Frames {
  const payloads: Buffer[] = [];
  let isDamaged = false;
  let offset = 0;
  while (offset < bytes.length) {
    const payload = payloadAt(bytes, offset);
    if (payload !== null) {
      payloads.push(payload);
      offset += headerBytes + payload.length;
      continue;
    }
    const next = nextFrame(bytes, offset + 1);
    if (next === null) return { payloads, isDamaged: isDamaged || !isCutShort(bytes, offset) };
    isDamaged = true;
    offset = next;
  }
  return { payloads, isDamaged };
}

function payloadAt(bytes: Buffer, offset: number): Buffer | null {
  const start = offset + headerBytes;
  if (start > bytes.length) return null;
  const length = bytes.readUInt32BE(offset);
  if (!isLength(length) || start + length > bytes.length) return null;
  const payload = bytes.subarray(start, start + length);
  return crc32(payload) === bytes.readUInt32BE(offset + 4) ? payload : null;
}

function isLength(length: number): boolean {
  return length > 0 && length <= payloadBytesMax;
}

/** Cheap in spite of its loop: four bytes of JSON are never a length that could be ours. */
function nextFrame(bytes: Buffer, from: number): number | null {
  for (let offset = from; offset + headerBytes < bytes.length; offset += 1) {
    if (payloadAt(bytes, offset) !== null) return offset;
  }
  return null;
}

/** The process or the machine died, or the disk was full, while this was written: nobody was told that it is kept. */
function isCutShort(bytes: Buffer, offset: number): boolean {
  const rest = bytes.length - offset;
  if (rest < headerBytes) return true;
  const length = bytes.readUInt32BE(offset);
  return isLength(length) && headerBytes + length > rest;
}
