import { createHash, createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../lib/error-code.ts';
import { Masked } from '../lib/masked.ts';

/** A secret that is made once and kept in `dataDir`, readable by its owner alone. */
export function keptSecret(dataDir: string, name: string, make: () => string): Masked {
  const file = join(dataDir, name);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    // Fails where there is one: of two that start at once, both end with the same.
    writeFileSync(file, make(), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const secret = readFileSync(file, 'utf8').trim();
  // Such as a process leaves that dies between making the file and writing it: keys of nothing would be everyone's.
  if (secret === '') throw new Error(`${file} is empty. Remove it, and a new one is made.`);
  return new Masked(secret);
}

export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

/** Says that two secrets are the same without saying what they are. */
export function fingerprintOfSecret(secret: Masked): string {
  return createHash('sha256').update(`malipo fingerprint ${secret.reveal()}`).digest('hex').slice(0, 32);
}

/** One key for each purpose, so that a token made for one is worth nothing for another. */
export function deriveKey(secret: Masked, purpose: 'callback-token' | 'watch-token'): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret.reveal(), 'malipo', purpose, 32)));
}
