import { v7 } from 'uuid';

/** A UUIDv7 whose time is `at`, to the millisecond: ids sort by it, and no two are alike. */
export function newId(at: Date): string {
  return v7({ msecs: at.getTime() });
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
