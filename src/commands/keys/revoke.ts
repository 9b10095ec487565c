import { assertDone, onlyWord, readOptions, type KeysCommand, type UserError } from './keys-command.ts';
import { describeKey, shownFields, type ShownKey } from './shown-key.ts';

const document = `
  mutation Revoke($id: ID!) {
    revokeApiKey(id: $id) { apiKey { ${shownFields} } userErrors { message path } }
  }`;

type Revoked = { revokeApiKey: { apiKey: ShownKey; userErrors: UserError[] } };

export const revoke: KeysCommand = {
  help: `Usage: npm run keys -- revoke <id> [options]

From now on the key opens nothing; what is open under it is closed within seconds. npm run keys -- list shows the ids.
`,
  read: (args) => {
    const { values, positionals } = readOptions(args, {});
    const id = onlyWord(positionals, 'the id of one key');
    return {
      ...values,
      work: async ({ ask }) => {
        const { apiKey, userErrors } = (await ask<Revoked>(document, { id })).revokeApiKey;
        assertDone(userErrors);
        return { text: `Revoked ${describeKey(apiKey)}.`, json: apiKey };
      },
    };
  },
};
