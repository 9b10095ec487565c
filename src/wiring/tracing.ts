import type { Config } from '../config/config.ts';
import { untraced, type Trace } from '../lib/trace.ts';

/** Traces where the standard variables ask for it; whoever does not ask loads none of it. */
export async function openTracing(config: Config, parts: AsyncDisposableStack): Promise<Trace> {
  const { tracing, version, environment } = config;
  if (tracing === null) return untraced;
  const { openTelemetry } = await import('../tracing/open-telemetry.ts');
  return parts.use(openTelemetry({ ...tracing, version, environment })).trace;
}
