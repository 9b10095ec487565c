import { join } from 'node:path';
import { Pool } from 'undici';
import { freePort } from './free-port.ts';
import { nodeProgram } from './node-program.ts';
import { Service } from './service.ts';

/** One Malipo process, and the connections that clients and the balancer share to it. */
export type Malipo = { service: Service; url: string; http: Pool };

export type MalipoSettings = {
  folder: string;
  databaseUrl: string;
  redisUrl: string;
  simulatorUrl: string;
  callbackBaseUrl: string;
  apiKey: string;
  secret: string;
};

/** What all processes share on the disk. */
export function dataDir(folder: string): string {
  return join(folder, 'data');
}

/** Longer than Malipo takes to answer a request for payment. */
const answerTimeoutMs = 12_000;

/** Starts one Malipo process as people start it, the `index`th of those that share a database. */
export async function startMalipo(settings: MalipoSettings, index: number): Promise<Malipo> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const http = new Pool(url, {
    connections: 64,
    connectTimeout: 2_000,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  const service = new Service({
    name: `Malipo ${index + 1}`,
    command: {
      ...nodeProgram('main.ts'),
      env: environment(settings, port),
      log: join(settings.folder, `malipo-${index + 1}.log`),
    },
    isReady: async () => {
      const { statusCode, body } = await http.request({ path: '/health/ready', method: 'GET' });
      const { degraded = false } = (await body.json()) as { degraded?: boolean };
      return statusCode === 200 && !degraded;
    },
  });
  service.start();
  return { service, url, http };
}

function environment(settings: MalipoSettings, port: number): Record<string, string> {
  return {
    PORT: `${port}`,
    // A stopped process must not hold its row locks for longer than its peers wait for them.
    DATABASE_URL: `${settings.databaseUrl}?idle_in_transaction_session_timeout=1000`,
    REDIS_URL: settings.redisUrl,
    MPESA_BASE_URL: settings.simulatorUrl,
    CALLBACK_BASE_URL: settings.callbackBaseUrl,
    BOOTSTRAP_API_KEY: settings.apiKey,
    MALIPO_SECRET: settings.secret,
    DATA_DIR: dataDir(settings.folder),
    LOG_LEVEL: 'error',
    // Hours on a real ladder; here a payment whose callback is lost is to be known within the test.
    RECONCILE_LADDER_SECONDS: '3,3,3,4,5,5,8,10,15,20,30,30,60,60,120,300',
    STK_QUERY_BUDGET_PER_MINUTE: '3000',
  };
}
