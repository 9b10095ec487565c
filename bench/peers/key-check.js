import { createHash } from 'node:crypto';

/** What is stored of a key. */
export function hashOfKey(key) {
  return createHash('sha256').update(key).digest('hex');
}

/** The key that a request shows. */
export function keyOf(headers) {
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** Whether a stored key opens anything now. */
export function isActive({ revokedAt, expiresAt }) {
  return revokedAt === null && (expiresAt === null || expiresAt > new Date());
}
