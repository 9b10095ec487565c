import { parseArgs } from 'node:util';

export const help = `Usage: npm run doctor -- [options]

Looks at everything that Malipo needs and says, for each thing, what it saw, what that means and what to do: settings,
secrets, Daraja's answers to your credentials, the way of a callback, PostgreSQL, Redis, clocks and disk. It reads the
same settings as npm start, from the environment and .env.

It changes nothing: no prompt goes to a phone, no row is written, and the embedded database is not opened. It asks
Daraja for one access token and one status query about a payment that cannot exist, and posts to a callback URL that
nobody made. Run it beside a running server to see the whole way of a callback.

  --json      an array of findings on standard output: check, status, code, saw, means, todo
  -h, --help  this text

Exit code: 0 without problems (warnings are none), else 1.
`;

export type Options = { json: boolean; help: boolean };

/** What is wrong with the arguments, as a sentence. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

export function readOptions(args: readonly string[]): Options {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new OptionsError(`${error.message}\n\nnpm run doctor -- --help lists them.`);
  }
}
