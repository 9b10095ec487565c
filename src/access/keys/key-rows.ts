import type { ApiKey } from '../../database/generated/prisma/client.ts';
import { createLookup, type RowLookup } from '../../database/lookup.ts';
import type { Sql } from '../../database/sql.ts';

export type KeyRow = Pick<
  ApiKey,
  'id' | 'clientId' | 'keyHash' | 'scopes' | 'expiresAt' | 'lastUsedAt' | 'revokedAt'
>;

/** Finds keys by their hashes, those included that open nothing any longer. */
export function createKeyRows(sql: Sql): RowLookup<KeyRow> {
  return createLookup<KeyRow>(
    (hashes) => findByHashes(sql, hashes),
    ({ keyHash }) => keyHash,
  );
}

function findByHashes(sql: Sql, hashes: readonly string[]): Promise<KeyRow[]> {
  return sql<KeyRow>`
    select id::text, client_id::text as "clientId", key_hash as "keyHash", scopes, expires_at as "expiresAt",
      last_used_at as "lastUsedAt", revoked_at as "revokedAt"
    from api_keys where key_hash = any(${hashes}::text[])`;
}
