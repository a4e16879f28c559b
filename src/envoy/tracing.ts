import { clusterNames } from './names.ts';
import { type ConfigObject, duration, extension } from './typed.ts';

/** Envoy's spans: one for the request, one for each attempt; undefined where nobody receives them. A client's own traceparent is continued. */
export function tracing({ otlp, sampling }: { otlp: URL | undefined; sampling: number }): ConfigObject | undefined {
  if (otlp === undefined) return undefined;
  return {
    provider: extension('envoy.tracers.opentelemetry', 'envoy.config.trace.v3.OpenTelemetryConfig', {
      service_name: 'envoy',
      http_service: { http_uri: { uri: tracesUrl(otlp), cluster: clusterNames.otlp, timeout: duration(5000) } },
    }),
    client_sampling: { value: 0 }, // x-client-trace-id would trace any request its sender likes
    random_sampling: { value: sampling * 100 },
    spawn_upstream_span: true,
  };
}

/** OTLP/HTTP's path below a base URL (OpenTelemetry specification, "OTLP/HTTP Request"). */
const tracesUrl = (base: URL): string => `${base.origin}${base.pathname.replace(/\/$/, '')}/v1/traces`;

/** Runtime keys of Envoy's OpenTelemetry tracer, whose defaults send at 5 spans or 5 seconds. */
export const tracingRuntime: ConfigObject = {
  'tracing.opentelemetry.min_flush_spans': 256, // at 5 spans an export, exporting costs as much as serving
  'tracing.opentelemetry.flush_interval_ms': 1000,
};
