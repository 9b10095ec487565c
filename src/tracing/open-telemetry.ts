import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, SpanStatusCode, trace as traceApi, type Context } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Trace } from '../lib/trace.ts';

export type TracingSettings = {
  /** Where spans are posted, as OTLP in JSON. */
  url: string;
  /** Of a hundred traces so many hundredths are kept. */
  ratio: number;
  version: string;
  environment: string;
};

export type Tracing = AsyncDisposable & { trace: Trace };

/** At the end, what was not sent by then is left, in milliseconds. */
const farewellMs = 2_000;

/**
 * Sends spans to a collector. Imported only where that is asked for: the packages behind it cost start-up time and memory.
 * A provider of its own and no global one, so that several apps may trace in one process.
 */
export function openTelemetry({ url, ratio, version, environment }: TracingSettings): Tracing {
  const exporter = new OTLPTraceExporter({ url });
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          'service.name': 'malipo',
          'service.version': version,
          'deployment.environment.name': environment.toLowerCase(),
        }),
      )
      .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] })),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('malipo', version);
  const current = new AsyncLocalStorage<Context>();
  return {
    async trace(name, attributes, work) {
      const parent = current.getStore() ?? ROOT_CONTEXT;
      const span = tracer.startSpan(name, { attributes: mutable(attributes) }, parent);
      try {
        return await current.run(traceApi.setSpan(parent, span), work);
      } catch (error) {
        // The kind of error alone: a message may quote what it was about.
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
        throw error;
      } finally {
        span.end();
      }
    },
    async [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const timer = setTimeout(resolve, farewellMs);
      await Promise.race([provider.shutdown().catch(() => undefined), promise]);
      clearTimeout(timer);
    },
  };
}

function mutable(attributes: Parameters<Trace>[1]): Record<string, string | number | string[]> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === 'object' ? [...value] : value]),
  );
}
