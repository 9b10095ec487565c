import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/**
 * What Node says of the process: memory, CPU, event loop, garbage. One registry however many apps run in the process,
 * because what measures these cannot be taken away again.
 */
export function processRegistry(): Registry {
  if (registry === null) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
