import { ask } from '../load/ask.ts';
import type { Malipo } from '../servers/malipo.ts';
import type { Change } from './facts.ts';

export type Listed = { id: string; idempotencyKey: string; timeline: Change[] };

type Page = {
  transactions: { nodes: Listed[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
};

const document = `
  query ($after: String) {
    transactions(first: 100, after: $after, orderBy: OLDEST_FIRST) {
      nodes { id idempotencyKey timeline { sequence status } }
      pageInfo { hasNextPage endCursor }
    }
  }`;

/** Every payment with its timeline, as one Malipo process lists them. */
export async function readApi(malipo: Malipo, apiKey: string): Promise<Listed[]> {
  const listed: Listed[] = [];
  for (let after: string | null = null; ;) {
    const { transactions }: Page = await ask<Page>(malipo, apiKey, document, { after });
    listed.push(...transactions.nodes);
    after = transactions.pageInfo.endCursor;
    if (!transactions.pageInfo.hasNextPage) return listed;
  }
}
