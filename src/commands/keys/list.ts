import { stripVTControlCharacters } from 'node:util';
import type { Api } from '../api/connect.ts';
import { noWord, readOptions, type KeysCommand } from './keys-command.ts';
import { moment, shownFields, type ShownKey } from './shown-key.ts';

const document = `
  query List($clientName: String, $isActive: Boolean, $after: String) {
    apiKeys(clientName: $clientName, isActive: $isActive, first: 100, after: $after) {
      nodes { ${shownFields} } pageInfo { hasNextPage endCursor }
    }
  }`;

type Listed = {
  apiKeys: { nodes: ShownKey[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
};

type Filter = { clientName: string | null; isActive: boolean | null };

export const list: KeysCommand = {
  help: `Usage: npm run keys -- list [options]

The keys that open something now, newest first. The development key and BOOTSTRAP_API_KEY are not among them.

  --client <name>  of this client alone
  --all            those that are revoked or expired too`,
  read: (args) => {
    const { values, positionals } = readOptions(args, {
      client: { type: 'string' },
      all: { type: 'boolean', default: false },
    });
    noWord(positionals);
    const { client: clientName = null, all, ...common } = values;
    return {
      ...common,
      work: async (api) => {
        const keys = await findAll(api, { clientName, isActive: all ? null : true });
        return { text: keys.length === 0 ? 'There are none.' : tableOf(keys), json: keys };
      },
    };
  },
};

async function findAll({ ask }: Api, filter: Filter): Promise<ShownKey[]> {
  const keys: ShownKey[] = [];
  let after: string | null = null;
  for (;;) {
    const { apiKeys }: Listed = await ask<Listed>(document, { ...filter, after });
    keys.push(...apiKeys.nodes);
    if (!apiKeys.pageInfo.hasNextPage) return keys;
    after = apiKeys.pageInfo.endCursor;
  }
}

function tableOf(keys: readonly ShownKey[]): string {
  const rows = [['CLIENT', 'NAME', 'KEY', 'SCOPES', 'STATE', 'LAST USED', 'ID'], ...keys.map(rowOf)];
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, index) => Math.max(cell.length, widest[index] ?? 0)),
    [],
  );
  const lineOf = (row: string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return rows.map((row) => lineOf(row).trimEnd()).join('\n');
}

function rowOf(key: ShownKey): string[] {
  const { clientName, name, hint, scopes, lastUsedAt, id } = key;
  const cells = [clientName, name, `${hint}…`, scopes.join(' '), stateOf(key)];
  return [...cells, lastUsedAt === null ? 'never' : moment(lastUsedAt), id].map(stripVTControlCharacters);
}

function stateOf({ revokedAt, expiresAt }: ShownKey): string {
  if (revokedAt !== null) return `revoked ${moment(revokedAt)}`;
  if (expiresAt === null) return 'active';
  return `${Date.parse(expiresAt) > Date.now() ? 'until' : 'expired'} ${moment(expiresAt)}`;
}
