import { fileURLToPath } from 'node:url';
import { startProgram, type RunningProgram } from './start-program.ts';

const main = fileURLToPath(new URL('../../../src/simulator/main.ts', import.meta.url));
const anHourMs = '3600000';

/** M-Pesa's stand-in, alone: it answers at once, and its payers do nothing meanwhile. */
export function startSimulator(): Promise<RunningProgram> {
  return startProgram({
    name: 'the simulator',
    file: main,
    portName: 'SIMULATOR_PORT',
    env: { SIMULATOR_DELAY_MS: anHourMs },
    readyPath: '/_simulator',
  });
}
