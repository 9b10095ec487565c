import { join } from 'node:path';
import type { App } from './app.ts';
import type { Config } from './config/config.ts';
import type { Environment } from './config/environment.ts';

export const usage = `Usage: npm start [-- --processes N]

Runs Malipo. Settings come from the environment or from a file .env; without any, it runs with a simulator of
M-Pesa and an embedded database in ./data. The README and .env.example list them all.

  --processes N   run so many processes on one port, to use all cores of a machine; needs DATABASE_URL
  -h, --help      this`;

/** What a running Malipo says of itself. */
export type Facts = Pick<
  App,
  'url' | 'callbackBaseUrl' | 'metricsUrl' | 'simulatorUrl' | 'databaseKind' | 'developmentKey'
>;

const meanings: Record<Environment, string> = {
  SIMULATOR: 'simulator: no money moves',
  SANDBOX: "Safaricom's sandbox: no money moves",
  PRODUCTION: 'production: REAL MONEY MOVES',
};

type Fact = [name: string, value: string];

/** What runs where, in which environment, and what to try next. */
export function startUpMessage(config: Config, app: Facts): string {
  const facts: Fact[] = [
    ['environment', meanings[config.environment]],
    ['GraphQL', `${app.url}/graphql`],
    ['callbacks', `${app.callbackBaseUrl}/cb/…`],
    ...(config.callbackPort
      ? [['callback port', `${config.callbackPort}, for callbacks alone`] satisfies Fact]
      : []),
    ...(app.metricsUrl ? [['metrics', `${app.metricsUrl}/metrics`] satisfies Fact] : []),
    [
      'M-Pesa',
      app.simulatorUrl ? `${app.simulatorUrl}  (built-in simulator)` : (config.daraja.baseUrl ?? ''),
    ],
    ['database', app.databaseKind === 'embedded' ? `embedded, in ${config.dataDir}` : 'PostgreSQL'],
    ...(app.developmentKey ? [['development key', app.developmentKey.reveal()] satisfies Fact] : []),
  ];
  const lines = facts.map(([name, fact]) => `  ${name.padEnd(16)} ${fact}`);
  return ['', `Malipo ${config.version}`, '', ...lines, '', ...nextSteps(config, app), ''].join('\n');
}

/** What to do in another terminal, as it can be pasted. */
function nextSteps(config: Config, app: Facts): string[] {
  if (app.developmentKey) return firstSteps(config, app);
  const lacksKey = config.secrets.bootstrapKey === null;
  return [
    ...(lacksKey ? ['  No BOOTSTRAP_API_KEY is set: without a key nobody can ask for a payment.', ''] : []),
    '  Check the whole set-up, in another terminal with the same settings:',
    '',
    '    npm run doctor',
    '',
    '  And, from another network, that M-Pesa can reach this server:',
    '',
    `    curl ${app.callbackBaseUrl}/mpesa/callback/health`,
    '',
  ];
}

const defaultUrl = 'http://127.0.0.1:4000';
const defaultDataDir = './data';

function firstSteps({ dataDir }: Config, { url }: Facts): string[] {
  const demo = [
    ...(dataDir === defaultDataDir ? [] : [`DATA_DIR=${dataDir}`]),
    'npm run demo',
    ...(url === defaultUrl ? [] : [`-- --url ${url}`]),
  ].join(' ');
  return [
    '  Try next, in another terminal:',
    '',
    `    ${demo}`,
    '',
    `  or open ${url}/graphql in a browser: examples and the key are filled in. Or ask by hand:`,
    '',
    `    curl ${url}/graphql -H 'content-type: application/json' \\`,
    `      -H "authorization: Bearer $(cat ${join(dataDir, 'development-key')})" \\`,
    `      -d '{"query": "{ server { environment version } }"}'`,
    '',
  ];
}
