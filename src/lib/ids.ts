import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const idBytes = 16;
/** Random bytes for many ids at once: asking for sixteen at a time takes longer than all the rest. */
const pool = Buffer.alloc(idBytes * 256);
let used = pool.length;

/** A UUIDv7 whose time is `at`, to the millisecond: ids sort by it, and no two are alike. */
export function newId(at: Date): string {
  return v7({ msecs: at.getTime(), random: takeRandom() });
}

function takeRandom(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.subarray(used - idBytes, used);
}

/** The lowest UUIDv7 of the millisecond `at`: every id made before it sorts below. */
export function lowestIdAt(at: Date): string {
  const time = Math.max(at.getTime(), 0).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7000-8000-000000000000`;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return uuid.test(text);
}
