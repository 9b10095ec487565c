import type { EnvReader } from './env.ts';

export type TracingSettings = {
  /** Where spans are posted. */
  url: string;
  /** Which share of traces is kept, from 0 to 1. */
  ratio: number;
};

/** By OpenTelemetry's own variables. What else they say of headers, names and batches, its packages read themselves. */
export function tracingSettings(reader: EnvReader): TracingSettings | null {
  const endpoint = reader.text('OTEL_EXPORTER_OTLP_ENDPOINT');
  const exact = reader.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const url = exact ?? (endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`);
  const ratio = samplingRatio(reader);
  if (url === undefined || reader.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null;
  if (!/^https?:\/\/[^\s?#]+$/.test(url)) {
    const name = exact === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
    reader.problem(`${name} must be an http:// or https:// address`);
  }
  return { url, ratio };
}

const samplers = ['always_on', 'always_off', 'traceidratio'] as const;

/** Traces begin here: whether a sampler goes by its parent makes no difference. */
function samplingRatio(reader: EnvReader): number {
  const choices = samplers.flatMap((name) => [name, `parentbased_${name}` as const]);
  const sampler = reader.choice('OTEL_TRACES_SAMPLER', choices) ?? 'always_on';
  const ratio = Number(reader.text('OTEL_TRACES_SAMPLER_ARG') ?? '1');
  if (!(ratio >= 0 && ratio <= 1)) reader.problem('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1');
  if (sampler.endsWith('traceidratio')) return ratio;
  return sampler.endsWith('always_off') ? 0 : 1;
}
