import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveKey, fingerprintOfSecret, keptSecret, newSecret } from '../../src/config/kept-secret.ts';
import { Masked } from '../../src/lib/masked.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'malipo-secret-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('a secret is made once and then stays', () => {
  const dataDir = join(folder, 'new', 'data');
  const first = keptSecret(dataDir, 'secret', newSecret);
  expect(keptSecret(dataDir, 'secret', newSecret).reveal()).toBe(first.reveal());
  expect(first.reveal()).toMatch(/^[0-9a-f]{64}$/);
});

it('a secret is readable by its owner alone', () => {
  keptSecret(folder, 'private', newSecret);
  expect(statSync(join(folder, 'private')).mode & 0o777).toBe(0o600);
});

it('an empty file is no secret', () => {
  writeFileSync(join(folder, 'empty'), '\n');
  expect(() => keptSecret(folder, 'empty', newSecret)).toThrow(/empty/);
});

it('keys of two purposes are two keys', () => {
  const secret = new Masked(newSecret());
  expect(deriveKey(secret, 'callback-token').equals(deriveKey(secret, 'watch-token'))).toBe(false);
  expect(deriveKey(secret, 'callback-token').equals(deriveKey(secret, 'callback-token'))).toBe(true);
});

it('a fingerprint tells secrets apart and shows none', () => {
  const secret = new Masked('s'.repeat(32));
  expect(fingerprintOfSecret(secret)).toBe(fingerprintOfSecret(new Masked('s'.repeat(32))));
  expect(fingerprintOfSecret(secret)).not.toBe(fingerprintOfSecret(new Masked('t'.repeat(32))));
  expect(fingerprintOfSecret(secret)).not.toContain('sss');
});
