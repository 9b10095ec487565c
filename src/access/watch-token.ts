import type { KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';

const audience = 'malipo:watch';
const algorithm = 'HS256';

/** In seconds: longer than any payment stays open for its payer, shorter than a lost phone stays lost. */
export const watchTokenLifeSeconds = 24 * 60 * 60;

/** Opens one payment for watching and nothing else, so that it may live in a browser or a phone. */
export async function makeWatchToken(
  key: KeyObject,
  transactionId: string,
  now: Date,
): Promise<{ watchToken: string; watchTokenExpiresAt: Date }> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const expiresAt = issuedAt + watchTokenLifeSeconds;
  const watchToken = await new SignJWT({})
    .setProtectedHeader({ alg: algorithm })
    .setSubject(transactionId)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key);
  return { watchToken, watchTokenExpiresAt: new Date(expiresAt * 1000) };
}

/** The transaction that the token opens, and until when; null for a forged, foreign or expired one. */
export async function readWatchToken(
  keys: readonly KeyObject[],
  token: string,
  now: Date,
): Promise<{ transactionId: string; expiresAt: Date } | null> {
  for (const key of keys) {
    try {
      const options = { algorithms: [algorithm], audience, currentDate: now, requiredClaims: ['sub', 'exp'] };
      const { sub, exp } = (await jwtVerify(token, key, options)).payload;
      if (sub === undefined || exp === undefined) return null;
      return { transactionId: sub, expiresAt: new Date(exp * 1000) };
    } catch {
      // Made with another key, or not by us.
    }
  }
  return null;
}
