import type { SchemaTypes } from './builder.ts';

export type MakeWatchToken = () => Promise<{ watchToken: string; watchTokenExpiresAt: Date }>;

type Fields = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  { token: MakeWatchToken | null }
>;

/** The two fields of every payload that comes with a watch token. */
export function watchTokenFields(t: Fields) {
  return {
    watchToken: t.string({
      nullable: true,
      description:
        'Lets its holder watch this one transaction and nothing else. Safe in a browser or a phone.',
      resolve: async ({ token }) => (await token?.())?.watchToken ?? null,
    }),
    watchTokenExpiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when the watch token opens anything.',
      resolve: async ({ token }) => (await token?.())?.watchTokenExpiresAt ?? null,
    }),
  };
}
