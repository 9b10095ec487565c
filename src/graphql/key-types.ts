import type { KeyPage } from '../access/keys/find-keys.ts';
import type { StoredKey } from '../access/keys/stored-key.ts';
import { builder } from './builder.ts';
import { makeCursor } from './global-ids.ts';

export const ApiKey = builder.objectRef<StoredKey>('ApiKey');

builder.node(ApiKey, {
  description: 'A key of a client. The key itself is told once, when it is made, and kept nowhere.',
  id: {
    resolve: ({ id }) => id,
    description: 'Opaque: what `rotateApiKey` and `revokeApiKey` take.',
  },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    clientName: t.string({
      description: 'Whose it is: payments belong to the client, and keys come and go.',
      resolve: ({ client }) => client.name,
    }),
    scopes: t.exposeStringList('scopes', {
      description:
        'What it may do: `payments:initiate`, `payments:read`, `payments:manage`, `metrics`, `admin`.',
    }),
    hint: t.exposeString('hint', { description: 'How the key begins, to tell it from others.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From when on it opens nothing; null: it has no end.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last taken, to the minute or so; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null: it was not.',
    }),
  }),
});

const ApiKeyEdge = builder.objectRef<StoredKey>('ApiKeyEdge').implement({
  description: 'A key and its place in the list.',
  fields: (t) => ({
    cursor: t.string({ description: 'For `after`.', resolve: ({ id }) => makeCursor(id) }),
    node: t.field({ type: ApiKey, description: 'The key.', resolve: (row) => row }),
  }),
});

export const ApiKeyConnection = builder.objectRef<KeyPage>('ApiKeyConnection').implement({
  description: 'A page of keys.',
  fields: (t) => ({
    edges: t.field({ type: [ApiKeyEdge], description: 'With their places.', resolve: ({ rows }) => rows }),
    nodes: t.field({ type: [ApiKey], description: 'The keys alone.', resolve: ({ rows }) => rows }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Where the page lies.',
      resolve: ({ rows, hasMore, hasEarlier }) => ({
        hasNextPage: hasMore,
        hasPreviousPage: hasEarlier,
        startCursor: cursorOf(rows.at(0)),
        endCursor: cursorOf(rows.at(-1)),
      }),
    }),
  }),
});

const cursorOf = (row: StoredKey | undefined): string | null =>
  row === undefined ? null : makeCursor(row.id);
