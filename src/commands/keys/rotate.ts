import {
  assertDone,
  onlyWord,
  readOptions,
  wholeNumber,
  type KeysCommand,
  type UserError,
} from './keys-command.ts';
import { describeKey, keepIt, moment, shownFields, type ShownKey } from './shown-key.ts';

const document = `
  mutation Rotate($id: ID!, $overlapSeconds: Int!) {
    rotateApiKey(id: $id, overlapSeconds: $overlapSeconds) {
      apiKey { ${shownFields} } key predecessor { ${shownFields} } userErrors { message path }
    }
  }`;

type Rotated = {
  rotateApiKey: { apiKey: ShownKey; key: string; predecessor: ShownKey; userErrors: UserError[] };
};

export const rotate: KeysCommand = {
  help: `Usage: npm run keys -- rotate <id> [options]

Makes a successor of the same client, name and scopes and prints it, this once, alone on standard output. The old key goes
on for the overlap. npm run keys -- list shows the ids.

  --overlap <seconds>  for how long both are taken; default 86400, a day; 0 ends the old key at once`,
  read: (args) => {
    const { values, positionals } = readOptions(args, { overlap: { type: 'string', default: '86400' } });
    const id = onlyWord(positionals, 'the id of one key');
    const { overlap, ...common } = values;
    const overlapSeconds = wholeNumber('overlap', overlap, 999_999_999);
    return {
      ...common,
      work: async ({ ask }) => {
        const { rotateApiKey } = await ask<Rotated>(document, { id, overlapSeconds });
        const { apiKey, key, predecessor, userErrors } = rotateApiKey;
        assertDone(userErrors);
        const end = moment(predecessor.expiresAt ?? '');
        const note = `Made ${describeKey(apiKey)}.\n${predecessor.hint}… goes on until ${end}.\n${keepIt}\n`;
        return { text: key, note, json: { ...apiKey, key, predecessor } };
      },
    };
  },
};
