import { findKeyPage } from '../access/keys/find-keys.ts';
import { requireScope } from './authorize.ts';
import { builder } from './builder.ts';
import { ApiKeyConnection } from './key-types.ts';
import { readPageSize, readPlace } from './page-arguments.ts';

builder.queryFields((t) => ({
  apiKeys: t.field({
    type: ApiKeyConnection,
    description:
      'The keys of every client, newest first, those that are revoked or expired too. The keys that the configuration gives are not among them. Needs the scope admin.',
    args: {
      clientName: t.arg.string({ description: 'Of this client alone.' }),
      isActive: t.arg.boolean({ description: 'Whether they open anything now.' }),
      first: t.arg.int({ description: '1 to 100. Default 20.' }),
      after: t.arg.string({ description: 'Only what comes after this cursor.' }),
    },
    resolve: (_root, { first, after, ...filter }, context) => {
      requireScope(context, 'admin');
      const page = { take: readPageSize('first', first), after: readPlace('after', after) };
      return findKeyPage(context.deps, filter, page);
    },
  }),
}));
