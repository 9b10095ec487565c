import type { App } from './app.ts';
import type { Config, Environment } from './config/config.ts';

export const usage = `Usage: npm start

Runs Malipo. Settings come from the environment or from a file .env; without any, it runs with a simulator of
M-Pesa and an embedded database in ./data. The README lists them all.`;

const meanings: Record<Environment, string> = {
  SIMULATOR: 'simulator: no money moves',
  SANDBOX: "Safaricom's sandbox: no money moves",
  PRODUCTION: 'production: real money moves',
};

/** What runs where, in which environment, and what to try next. */
export function startUpMessage(config: Config, app: App): string {
  const facts: [string, string][] = [
    ['environment', meanings[config.environment]],
    ['GraphQL', `${app.url}/graphql${config.environment === 'PRODUCTION' ? '' : '  (open it in a browser)'}`],
    ['callbacks', `${app.callbackBaseUrl}/cb/…`],
    [
      'M-Pesa',
      app.simulatorUrl ? `${app.simulatorUrl}  (built-in simulator)` : (config.daraja.baseUrl ?? ''),
    ],
    ['database', app.databaseKind === 'embedded' ? `embedded, in ${config.dataDir}` : 'PostgreSQL'],
    ...(app.developmentKey ? [['development key', app.developmentKey.reveal()] as [string, string]] : []),
  ];
  const lines = facts.map(([name, fact]) => `  ${name.padEnd(16)} ${fact}`);
  return ['', `Malipo ${config.version}`, '', ...lines, '', ...nextSteps(app), ''].join('\n');
}

function nextSteps({ developmentKey }: App): string[] {
  return developmentKey === null ? [] : ['  Try next, in another terminal:', '', '    npm run demo', ''];
}
