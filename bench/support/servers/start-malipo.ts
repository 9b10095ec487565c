import { fileURLToPath } from 'node:url';
import { startProgram, type RunningProgram } from './start-program.ts';

/** Of every Malipo that is measured, so that tokens can be made for it. */
export const malipoSecret = 'the-secret-of-the-benchmarks-which-is-long-enough';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/**
 * Malipo as people start it, with the log that it has by default, which goes nowhere. `BENCH_PROFILE` names a folder for
 * a CPU profile of it.
 */
export function startMalipo(env: { [name: string]: string }): Promise<RunningProgram> {
  const profile = process.env['BENCH_PROFILE'];
  return startProgram({
    name: 'Malipo',
    file: main,
    nodeArgs: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
    env: { MALIPO_SECRET: malipoSecret, SIMULATOR_PORT: '0', RATE_LIMITS: 'off', ...env },
    readyPath: '/health/ready',
  });
}
