import { createHash } from 'node:crypto';

/** What is stored of a key, and all that is needed to know it again. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
