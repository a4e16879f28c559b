import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { eventually, freePort } from './gateway.ts';

const binary = resolve('.remora/jaeger-1.76.0/jaeger');

/** Why there is no Jaeger; undefined where there is one. */
export const jaegerMissing = existsSync(binary) ? undefined : 'Jaeger is not installed; `npm run tools` builds it where Go is.';

/** A span as people see it. Times are microseconds since 1970. */
export interface Span {
  trace: string;
  id: string;
  /** Id of the span it hangs under; undefined for none. */
  parent: string | undefined;
  service: string;
  name: string;
  startedAt: number;
  endedAt: number;
  tags: Map<string, unknown>;
}

/** A running Jaeger that keeps traces in memory. */
export interface Jaeger {
  /** Where it takes spans: OTLP over HTTP. */
  otlp: string;
  /** The traces that hold an Envoy span of this request, as far as they have come. */
  tracesOf(requestId: string): Promise<Span[][]>;
  /** A trace by its id; empty where there is none. */
  trace(id: string): Promise<Span[]>;
  /** How many traces it has, of Envoy's or of ours, up to a thousand. */
  count(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts the real Jaeger on free ports of loopback. */
export async function startJaeger(): Promise<Jaeger> {
  const [query, otlp] = [await freePort(), await freePort()];
  const used = { 'query.http-server': query, 'collector.otlp.http': otlp };
  const unused = ['query.grpc-server', 'collector.otlp.grpc', 'collector.grpc-server', 'collector.http-server', 'admin.http'];
  const flags = [...Object.entries(used), ...unused.map((name) => [name, 0] as const)].map(([name, port]) => `--${name}.host-port=127.0.0.1:${port}`);
  const child = spawn(binary, [...flags, '--log-level=error'], { stdio: 'ignore' });
  const gone = once(child, 'close');

  async function read(path: string): Promise<Span[][]> {
    const response = await fetch(`http://127.0.0.1:${query}/api/traces${path}`);
    if (response.status === 404) return [];
    const { data } = (await response.json()) as { data: WireTrace[] };
    return data.map(readTrace);
  }

  await eventually(
    () => read('?service=envoy').catch(() => undefined),
    (traces) => traces !== undefined,
  );
  return {
    otlp: `http://127.0.0.1:${otlp}`,
    tracesOf: (requestId) => read(`?service=envoy&limit=1000&tags=${encodeURIComponent(JSON.stringify({ 'guid:x-request-id': requestId }))}`),
    trace: async (id) => (await read(`/${id}`))[0] ?? [],
    async count() {
      const traces = [...(await read('?service=envoy&limit=1000')), ...(await read('?service=remora&limit=1000'))];
      return new Set(traces.map(([span]) => span?.trace)).size;
    },
    async stop() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** What Jaeger's HTTP API gives (https://www.jaegertracing.io/docs/1.76/apis/, the API of its own UI). */
interface WireTrace {
  spans: {
    traceID: string;
    spanID: string;
    operationName: string;
    references: { spanID: string }[];
    startTime: number;
    duration: number;
    tags: { key: string; value: unknown }[];
    processID: string;
  }[];
  processes: Record<string, { serviceName: string }>;
}

const readTrace = ({ spans, processes }: WireTrace): Span[] =>
  spans.map(({ traceID, spanID, operationName, references, startTime, duration, tags, processID }) => ({
    trace: traceID,
    id: spanID,
    parent: references[0]?.spanID,
    service: processes[processID]?.serviceName ?? '',
    name: operationName,
    startedAt: startTime,
    endedAt: startTime + duration,
    tags: new Map(tags.map(({ key, value }) => [key, value])),
  }));
