import { styleText } from 'node:util';
import { CommandError } from './api/command-error.ts';
import { connect } from './api/connect.ts';
import { findKey } from './api/find-key.ts';
import { create } from './keys/create.ts';
import { commonHelp, UsageError, type KeysCommand } from './keys/keys-command.ts';
import { list } from './keys/list.ts';
import { revoke } from './keys/revoke.ts';
import { rotate } from './keys/rotate.ts';

const command = 'npm run keys';

const commands: Readonly<Record<string, KeysCommand>> = { create, list, revoke, rotate };

const help = `Usage: npm run keys -- <create|list|revoke|rotate> [options]

Makes, lists, revokes and rotates API keys at a running Malipo, over its GraphQL API. Needs a key with the scope admin.

  create   a new key of a client, told once
  list     the keys there are, without the keys themselves
  rotate   a successor of a key; both are taken for a while
  revoke   a key opens nothing any longer

npm run keys -- create --help tells more, and so on for each.

${commonHelp}`;

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError || error instanceof UsageError)) throw error;
  console.error(styleText('red', error.message, { stream: process.stderr }));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  if (name === '--help' || name === '-h') return console.log(help);
  const chosen = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (chosen === undefined) {
    const isWord = /^[^-]/.test(name);
    const wrong = isWord ? `There is no ${JSON.stringify(name)}.` : 'Say first what to do.';
    throw new UsageError(`${wrong}\n\n${help}`);
  }
  if (args.includes('--help') || args.includes('-h')) return console.log(`${chosen.help}\n${commonHelp}`);
  const { url, key, json, work } = chosen.read(args);
  const api = await connect({ command, url, findKey: () => findKey(command, key, process.env) });
  const told = await work(api);
  if (told.note !== undefined && !json) console.error(told.note);
  console.log(json ? JSON.stringify(told.json) : told.text);
}
