import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import type { Masked } from './masked.ts';
import { createRedactor } from './redact.ts';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/**
 * One JSON line for each event, on standard output unless told otherwise. Nothing that names a person or opens a door is
 * ever passed to it; what comes all the same, in an error of a library say, does not leave it in clear.
 */
export function createLogger(
  level: string,
  { secrets = [], to }: { secrets?: readonly Masked[]; to?: DestinationStream } = {},
): PinoLogger {
  const { json } = createRedactor(secrets);
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: json },
  };
  return to === undefined ? pino(options) : pino(options, to);
}
