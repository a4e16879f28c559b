import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace as traces, TraceFlags, type Attributes, type Context, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { headerNames } from '../envoy/names.ts';
import { deploymentName } from '../routing/deployment.ts';
import type { Outcome } from '../policies/policy.ts';
import type { ExchangeTrace, OpenTrace } from './exchange-trace.ts';

export interface Spans {
  open: OpenTrace;
  /** Sends what is still held. */
  shutdown(): Promise<void>;
}

/**
 * Spans over OTLP/HTTP. Envoy's ingress span is the root and decides what is sampled; ours are its children, written when the exchange ends.
 * Attributes follow the OpenTelemetry semantic conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/);
 * they stand on one span only, so that no backend counts an exchange twice. No text of prompts or answers is ever recorded.
 */
export function createSpans({ otlp, now }: { otlp: URL; now: () => number }): Spans {
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(), // Envoy has sampled already
    resource: resourceFromAttributes({ 'service.name': 'remora' }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${otlp.origin}${otlp.pathname.replace(/\/$/, '')}/v1/traces` }),
        scheduledDelayMillis: 1000,
      }),
    ],
  });
  const tracer = provider.getTracer('remora');
  return {
    open: (headers) => {
      const parent = isSampled(headers) ? parentContext(headers.get(headerNames.parent)) : undefined;
      return parent === undefined ? untraced : recordExchange(tracer, parent, now);
    },
    shutdown: () => provider.shutdown(),
  };
}

/**
 * Envoy packs its sampling decision into the 15th character of its request id: 4 is "not sampled" (`pack_trace_reason`).
 * A client's own `traceparent` that says "not sampled" (flags 00) counts as well: Envoy exports nothing for it, whatever the id says.
 */
function isSampled(headers: ReadonlyMap<string, string>): boolean {
  const decision = headers.get(headerNames.requestId)?.[14] ?? '4';
  return '9ab'.includes(decision) && headers.get('traceparent')?.endsWith('-00') !== true;
}

/** The context of Envoy's ingress span, which it hands us as `TRACEID-SPANID`. */
function parentContext(ids: string | undefined): Context | undefined {
  const match = /^([0-9a-f]{32})-([0-9a-f]{16})$/.exec(ids ?? '');
  return match === null ? undefined : contextOf(match[1] as string, match[2] as string);
}

/** The context of a `traceparent` (W3C Trace Context). */
function traceparentContext(value: string | undefined): Context | undefined {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(value ?? '');
  return match === null ? undefined : contextOf(match[1] as string, match[2] as string);
}

const contextOf = (traceId: string, spanId: string): Context =>
  traces.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });

/** For exchanges that are not sampled. */
export const untraced: ExchangeTrace = {
  stage: (_, work) => work(),
  identified() {},
  requested() {},
  routed() {},
  attempted() {},
  attemptEnded() {},
  answered() {},
  described() {},
  firstToken() {},
  answering: (work) => work(),
  ended() {},
  completed() {},
};

interface Recorded {
  name: string;
  startedAt: number;
  endedAt: number;
  attributes: Attributes;
  parent: Context | undefined;
  failed: boolean;
}

/** Operations whose name in the GenAI conventions is not ours (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). */
const operationNames: ReadonlyMap<string, string> = new Map([['embed', 'embeddings']]);

/** Notes what happens while the exchange runs, and makes spans of it when it ends. */
function recordExchange(tracer: Tracer, ingress: Context, now: () => number): ExchangeTrace {
  const startedAt = now();
  const attributes: Attributes = {};
  const stages: Recorded[] = [];
  const attempts: Recorded[] = [];
  let operation = 'chat';
  let model = '';
  let headersAt: number | undefined;
  /** When the last piece of the answer left us; Envoy tells of an exchange's end only after it has ended its own span. */
  let answeredUntil: number | undefined;
  let busyMs = 0;
  /** Where attempts hang that Envoy has no span for. */
  let inside: Context | undefined;

  const endAttempt = (endedAt: number, failed: boolean): void => {
    const last = attempts.at(-1);
    if (last !== undefined && last.endedAt === 0) Object.assign(last, { endedAt, failed });
  };

  return {
    stage(name, work) {
      const begun = now();
      const over = (): void => void stages.push({ name, startedAt: begun, endedAt: now(), attributes: {}, parent: undefined, failed: false });
      let isLater = false;
      try {
        const result = work();
        isLater = result instanceof Promise;
        return result instanceof Promise ? result.finally(over) : result;
      } finally {
        if (!isLater) over();
      }
    },
    identified({ tenant, key }) {
      Object.assign(attributes, { 'remora.tenant': tenant, 'remora.key': key });
    },
    requested(facts) {
      model = facts.model ?? '';
      operation = operationNames.get(facts.operation) ?? facts.operation;
      Object.assign(attributes, {
        ...(facts.model === undefined ? {} : { 'gen_ai.request.model': facts.model }),
        'gen_ai.request.stream': facts.stream,
        'remora.protocol': facts.protocol,
        ...(facts.maxTokens === undefined ? {} : { 'gen_ai.request.max_tokens': facts.maxTokens }),
      });
    },
    routed({ model: served, chain, skipped, rule, experiments, steps, task }) {
      Object.assign(attributes, {
        'remora.model': served,
        'remora.chain': [...chain],
        ...(skipped.length > 0 && { 'remora.skipped': [...skipped] }),
        ...(rule !== undefined && { 'remora.rule': rule }),
        ...(experiments.length > 0 && { 'remora.experiments': [...experiments] }),
        ...(steps.length > 0 && { 'remora.budget_steps': [...steps] }),
        ...(task && { 'remora.task.score': task.score, 'remora.task.by': task.by, 'remora.task.reasons': [...task.reasons] }),
      });
    },
    attempted(number, deployment, parent) {
      endAttempt(now(), true);
      attempts.push({
        name: `attempt ${number} ${deploymentName(deployment)}`,
        startedAt: now(),
        endedAt: 0,
        attributes: {
          'remora.attempt': number,
          'remora.deployment': deploymentName(deployment),
          'remora.account': deployment.endpoint.credential.name,
        },
        parent: traceparentContext(parent),
        failed: false,
      });
    },
    attemptEnded(number, { status, failure, details, durationMs }) {
      const attempt = attempts[number - 1];
      if (attempt === undefined) return;
      attempt.endedAt = attempt.startedAt + durationMs;
      attempt.failed = failure !== undefined || status >= 400;
      Object.assign(attempt.attributes, {
        ...(status > 0 && { 'http.response.status_code': status }),
        ...(attempt.failed && { 'error.type': failure ?? String(status) }),
        ...(attempt.failed && details !== '' && { 'remora.details': details }),
      });
    },
    answered(status) {
      headersAt = now();
      const last = attempts.at(-1);
      if (last !== undefined) last.attributes['http.response.status_code'] = status;
    },
    described({ id, model: answeredBy, finishReason }) {
      if (id !== undefined && id !== '') attributes['gen_ai.response.id'] = id;
      if (answeredBy !== undefined && answeredBy !== '') attributes['gen_ai.response.model'] = answeredBy;
      if (finishReason !== undefined) attributes['gen_ai.response.finish_reasons'] = [finishReason];
    },
    firstToken() {
      attributes['gen_ai.response.time_to_first_chunk'] = (now() - startedAt) / 1000;
    },
    answering(work) {
      const begun = now();
      const result = work();
      answeredUntil = now();
      busyMs += answeredUntil - begun;
      return result;
    },
    ended(outcome, error) {
      const endedAt = outcome.end === 'complete' ? (answeredUntil ?? now()) : now();
      endAttempt(endedAt, outcome.end !== 'complete');
      if (headersAt !== undefined) {
        stages.push({ name: 'answer', startedAt: headersAt, endedAt, attributes: { 'remora.busy_ms': busyMs }, parent: undefined, failed: false });
      }
      const span = tracer.startSpan(
        `${operation} ${model}`.trim(),
        {
          kind: SpanKind.CLIENT,
          startTime: startedAt,
          attributes: { 'gen_ai.operation.name': operation, ...attributes, ...outcomeAttributes(outcome, error) },
        },
        ingress,
      );
      if (outcome.end !== 'complete') span.setStatus({ code: SpanStatusCode.ERROR, message: error ?? outcome.end });
      inside = traces.setSpan(ingress, span);
      for (const recorded of stages) write(tracer, recorded, recorded.parent ?? inside);
      span.end(endedAt);
    },
    completed() {
      for (const recorded of attempts) write(tracer, recorded, recorded.parent ?? inside ?? ingress);
      attempts.length = 0;
    },
  };
}

function write(tracer: Tracer, { name, startedAt, endedAt, attributes, failed }: Recorded, parent: Context): void {
  const span = tracer.startSpan(name, { kind: SpanKind.INTERNAL, startTime: startedAt, attributes }, parent);
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(endedAt);
}

function outcomeAttributes({ end, status, deployment, attempts, usage }: Outcome, error: string | undefined): Attributes {
  return {
    'remora.end': end,
    'remora.attempts': attempts,
    'http.response.status_code': status,
    ...(end === 'complete' ? {} : { 'error.type': error ?? (status >= 400 ? String(status) : end) }),
    ...(deployment === undefined
      ? {}
      : {
          'gen_ai.provider.name': deployment.endpoint.provider.pricedAs ?? deployment.endpoint.name,
          'remora.deployment': deploymentName(deployment),
        }),
    ...(usage === undefined
      ? {}
      : {
          'gen_ai.usage.input_tokens': usage.inputTokens,
          'gen_ai.usage.output_tokens': usage.outputTokens,
          'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens,
          'gen_ai.usage.cache_creation.input_tokens': usage.cacheWriteTokens,
        }),
  };
}
