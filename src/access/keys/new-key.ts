import { randomBytes } from 'node:crypto';
import type { Environment } from '../../config/environment.ts';

const prefixes: Record<Environment, string> = {
  SIMULATOR: 'mlp_test_',
  SANDBOX: 'mlp_test_',
  PRODUCTION: 'mlp_live_',
};

/** How the keys of an environment begin: `mlp_live_` only where money moves. */
export function keyPrefix(environment: Environment): string {
  return prefixes[environment];
}

/** 192 random bits behind the prefix. */
export function newKey(environment: Environment): string {
  return `${keyPrefix(environment)}${randomBytes(24).toString('base64url')}`;
}

/** In characters behind the prefix: they leave 168 bits to guess. */
const hintLength = 4;

/** How a key begins, for people to tell it from others. */
export function hintOf(environment: Environment, key: string): string {
  return key.slice(0, keyPrefix(environment).length + hintLength);
}
