import { parseArgs } from 'node:util';
import { readSimulatorSettings } from './settings.ts';
import type { SimulatorSettings } from './settings.ts';
import { createSimulator } from './simulator.ts';

const help = `Malipo's simulator of Safaricom's Daraja: OAuth, STK push, STK query and callbacks.
No money moves and no phone rings. For any M-Pesa app in any language.

  npm run simulator [-- --help]

Environment:
  SIMULATOR_HOST                    where to listen; default 127.0.0.1
  SIMULATOR_PORT                    default 4100; 0 = any free port
  SIMULATOR_DELAY_MS                how long a payer takes; default 3000
  SIMULATOR_QUERY_LIMIT_PER_MINUTE  refuse faster STK queries with HTTP 429 (Daraja's sandbox: 5); default none
  SIMULATOR_SUBSCRIBER_LOCK         true = one open prompt per phone; default false
  SIMULATOR_NEW_TOKEN_CANCELS_OLD   true = a new access token cancels the one before; default false

The payer's number chooses the outcome: any number pays after the delay, 2547000000NN does something else for each NN
from 00 to 30. GET /_simulator lists them and the control API.
`;

await main();

async function main(): Promise<void> {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help) process.stdout.write(help);
    else await run(readSimulatorSettings(process.env));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function run(settings: SimulatorSettings): Promise<void> {
  const simulator = await createSimulator(settings);
  process.stdout.write(greeting(simulator.url, settings));
  const stop = (): void => {
    void simulator.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function greeting(url: string, { delayMs }: SimulatorSettings): string {
  return `SIMULATOR, not M-Pesa: listening on ${url}. No money moves and no phone rings.
It answers as Safaricom's Daraja does: GET /oauth/v1/generate, POST /mpesa/stkpush/v1/processrequest,
POST /mpesa/stkpushquery/v1/query, and it posts the callbacks.

To point an app at it, replace https://sandbox.safaricom.co.ke by ${url}
(Malipo: MPESA_BASE_URL=${url}). Any consumer key, secret, short code and passkey will do,
and the callback URL may be http://localhost.

Every number pays after ${delayMs} ms, except 2547000000NN (00 to 30): ${url}/_simulator lists them.
`;
}
