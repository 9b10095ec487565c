import { randomBytes } from 'node:crypto';

/** A key of the shape that all keys have: `mlp_test_` says that it never moves money. */
export function newTestKey(): string {
  return `mlp_test_${randomBytes(24).toString('base64url')}`;
}
