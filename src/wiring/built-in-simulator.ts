import { ConfigError } from '../config/env.ts';
import { readSimulatorSettings, type SimulatorSettings } from '../simulator/settings.ts';
import { createSimulator, type Simulator } from '../simulator/simulator.ts';

/** The simulator that comes with a server; its settings are read from the environment unless they are given. */
export async function startBuiltInSimulator(settings?: SimulatorSettings): Promise<Simulator> {
  return createSimulator(settings ?? settingsOf(process.env));
}

function settingsOf(env: NodeJS.ProcessEnv): SimulatorSettings {
  try {
    return readSimulatorSettings(env);
  } catch (error) {
    throw error instanceof Error ? new ConfigError([error.message]) : error;
  }
}
