import { createKey } from '../access/keys/create-key.ts';
import type { IssuedKey } from '../access/keys/issue-key.ts';
import { nameLengthMax } from '../access/keys/key-rules.ts';
import { revokeKey } from '../access/keys/revoke-key.ts';
import { overlapSecondsMax, rotateKey } from '../access/keys/rotate-key.ts';
import type { StoredKey } from '../access/keys/stored-key.ts';
import { requireScope } from './authorize.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { readApiKeyId } from './global-ids.ts';
import { ApiKey } from './key-types.ts';
import { refusal, UserError, type UserErrorShape } from './user-errors.ts';

const overlapSecondsDefault = 24 * 60 * 60;

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A key to be made.',
  fields: (t) => ({
    clientName: t.string({
      required: true,
      description: `Whose it is to be. A client of a name that there is not yet is made. 1 to ${String(nameLengthMax)} characters.`,
    }),
    name: t.string({
      required: true,
      description: `What to call it, such as where it is used. 1 to ${String(nameLengthMax)} characters.`,
    }),
    scopes: t.stringList({
      required: true,
      description:
        'What it may do: one or more of `payments:initiate`, `payments:read` (its client’s own payments), `payments:manage` (every client’s), `metrics`, `admin`. None that your own key lacks.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'From when on it opens nothing. Default: no end.' }),
  }),
});

type IssuePayload = { issued: IssuedKey | null; userErrors: UserErrorShape[] };

type IssueFields = PothosSchemaTypes.ObjectFieldBuilder<typeof builder.$inferSchemaTypes, IssuePayload>;

const issueFields = (t: IssueFields) => ({
  apiKey: t.field({
    type: ApiKey,
    nullable: true,
    description: 'What is kept of the new key; null if none was made.',
    resolve: ({ issued }) => issued?.stored ?? null,
  }),
  key: t.string({
    nullable: true,
    description: 'The new key. It is told this once: keep it where its client reads it, and nowhere else.',
    resolve: ({ issued }) => issued?.key.reveal() ?? null,
  }),
  userErrors: t.expose('userErrors', {
    type: [UserError],
    description: 'Why none was made; empty when one was.',
  }),
});

const CreateApiKeyPayload = builder.objectRef<IssuePayload>('CreateApiKeyPayload').implement({
  description: 'A new key.',
  fields: issueFields,
});

type RotatePayload = IssuePayload & { predecessor: StoredKey | null };

const RotateApiKeyPayload = builder.objectRef<RotatePayload>('RotateApiKeyPayload').implement({
  description: 'A key and the one before it.',
  fields: (t) => ({
    ...issueFields(t as unknown as IssueFields),
    predecessor: t.field({
      type: ApiKey,
      nullable: true,
      description: 'The key that was to be rotated, as it is now; null when there is none.',
      resolve: ({ predecessor }) => predecessor,
    }),
  }),
});

type RevokePayload = { revoked: StoredKey | null; userErrors: UserErrorShape[] };

const RevokeApiKeyPayload = builder.objectRef<RevokePayload>('RevokeApiKeyPayload').implement({
  description: 'A key that opens nothing any longer.',
  fields: (t) => ({
    apiKey: t.field({
      type: ApiKey,
      nullable: true,
      description: 'The key as it is now; null when there is none.',
      resolve: ({ revoked }) => revoked,
    }),
    userErrors: t.expose('userErrors', { type: [UserError], description: 'Why nothing was done.' }),
  }),
});

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyPayload,
    nullable: true,
    description: 'Makes a key, and its client if there is none of that name. Needs the scope admin.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'What to make.' }) },
    resolve: async (_root, { input }, context) => {
      const asker = requireScope(context, 'admin');
      const created = await createKey(context.deps, asker, input);
      if ('refusals' in created) {
        const { refusals } = created;
        return {
          issued: null,
          userErrors: refusals.map(({ code, message, field }) => refusal(code, message, ['input', field])),
        };
      }
      note(context, 'a key was made', created.issued.stored);
      return { ...created, userErrors: [] };
    },
  }),
  rotateApiKey: t.field({
    type: RotateApiKeyPayload,
    nullable: true,
    description:
      'Gives a key a successor of the same client, name and scopes, with as long a life as it had itself. Both are taken until the overlap is over, and then the successor alone. Needs the scope admin, and every scope of the key.',
    args: {
      id: t.arg.id({ required: true, description: 'Which key.' }),
      overlapSeconds: t.arg.int({
        defaultValue: overlapSecondsDefault,
        description: `For how long the old key goes on: 0 to ${String(overlapSecondsMax)}. Default: a day.`,
      }),
    },
    resolve: async (_root, { id: globalId, overlapSeconds }, context) => {
      const asker = requireScope(context, 'admin');
      const id = readApiKeyId(globalId);
      if (id === null) return { issued: null, predecessor: null, userErrors: [noSuchKey()] };
      const request = { id, overlapSeconds: overlapSeconds ?? overlapSecondsDefault };
      const rotated = await rotateKey(context.deps, asker, request);
      if ('refusal' in rotated) {
        const { code, message, field } = rotated.refusal;
        const userErrors = [refusal(code, message, [field])];
        return { issued: null, predecessor: rotated.stored, userErrors };
      }
      note(context, 'a key was rotated', rotated.predecessor);
      return { ...rotated, userErrors: [] };
    },
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeyPayload,
    nullable: true,
    description:
      'Takes a key out of use at once. What is open under it is closed within seconds. A key that is revoked already stays as it is. Needs the scope admin.',
    args: { id: t.arg.id({ required: true, description: 'Which key.' }) },
    resolve: async (_root, { id: globalId }, context) => {
      requireScope(context, 'admin');
      const id = readApiKeyId(globalId);
      const revoked = id === null ? null : await revokeKey(context.deps, id);
      if (revoked === null) return { revoked, userErrors: [noSuchKey()] };
      note(context, 'a key was revoked', revoked);
      return { revoked, userErrors: [] };
    },
  }),
}));

function noSuchKey(): UserErrorShape {
  return refusal('NOT_FOUND', 'There is no such key.', ['id']);
}

/** Who gives out and takes away what is known afterwards. */
function note({ deps, viewer, requestId }: Context, what: string, { id, client, scopes }: StoredKey): void {
  const by = viewer.kind === 'client' ? { clientId: viewer.clientId, keyId: viewer.keyId } : null;
  deps.logger.info({ requestId, keyId: id, clientId: client.id, scopes, by }, what);
}
