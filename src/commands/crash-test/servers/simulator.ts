import { join } from 'node:path';
import { request } from 'undici';
import { freePort } from './free-port.ts';
import { nodeProgram } from './node-program.ts';
import { Service } from './service.ts';

export type Simulator = { service: Service; url: string };

/** How long the payers take: short, so that many can be asked. */
const delayMs = 500;

/** Starts M-Pesa's stand-in as a process of its own. No fault befalls it: what it knows is the truth. */
export async function startSimulator(folder: string): Promise<Simulator> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = new Service({
    name: 'the simulator',
    command: {
      ...nodeProgram('simulator/main.ts'),
      env: { SIMULATOR_PORT: `${port}`, SIMULATOR_DELAY_MS: `${delayMs}` },
      log: join(folder, 'simulator.log'),
    },
    isReady: async () => {
      const { statusCode, body } = await request(`${url}/_simulator/stats`);
      await body.dump();
      return statusCode === 200;
    },
  });
  service.start();
  return { service, url };
}
