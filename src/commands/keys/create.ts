import {
  assertDone,
  noWord,
  readOptions,
  UsageError,
  wholeNumber,
  type KeysCommand,
  type UserError,
} from './keys-command.ts';
import { describeKey, keepIt, shownFields, type ShownKey } from './shown-key.ts';

const document = `
  mutation Create($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { apiKey { ${shownFields} } key userErrors { message path } }
  }`;

type Created = { createApiKey: { apiKey: ShownKey; key: string; userErrors: UserError[] } };

const dayMs = 86_400_000;

/** The key alone goes to standard output: `KEY=$(npm run -s keys -- create …)`. */
export const create: KeysCommand = {
  help: `Usage: npm run keys -- create --client <name> --name <name> --scope <scope> [--scope <scope> …] [options]

Makes a key and prints it, this once, alone on standard output. What else there is to say goes to standard error.

  --client <name>  whose it is to be; a client of a name that there is not yet is made
  --name <name>    what to call it, such as where it is used
  --scope <scope>  what it may do, as often as needed: payments:initiate, payments:read (its client's own payments),
                   payments:manage (every client's), metrics, admin
  --days <n>       how long it lives; default: without end`,
  read: (args) => {
    const { values, positionals } = readOptions(args, {
      client: { type: 'string' },
      name: { type: 'string' },
      scope: { type: 'string', multiple: true },
      days: { type: 'string' },
    });
    noWord(positionals);
    const { client: clientName, name, scope: scopes, days, ...common } = values;
    if (clientName === undefined || name === undefined || scopes === undefined)
      throw new UsageError('Give --client, --name and at least one --scope.');
    const lifeMs = days === undefined ? null : wholeNumber('days', days, 36_500) * dayMs;
    return {
      ...common,
      work: async ({ ask }) => {
        const expiresAt = lifeMs === null ? null : new Date(Date.now() + lifeMs).toISOString();
        const input = { clientName, name, scopes, expiresAt };
        const { apiKey, key, userErrors } = (await ask<Created>(document, { input })).createApiKey;
        assertDone(userErrors);
        const note = `Made ${describeKey(apiKey)}.\n${keepIt}\n`;
        return { text: key, note, json: { ...apiKey, key } };
      },
    };
  },
};
