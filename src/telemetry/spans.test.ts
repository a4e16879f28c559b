import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { noUsage } from '../llm/usage.ts';
import type { Outcome } from '../policies/policy.ts';
import { anthropic } from '../providers/anthropic.ts';
import { openai } from '../providers/openai.ts';
import type { Provider } from '../providers/provider.ts';
import type { Deployment } from '../routing/deployment.ts';
import type { ExchangeTrace } from './exchange-trace.ts';
import { createSpans } from './spans.ts';
import { deployment as deploymentAt, endpoint } from '../routing/deployment.fixture.ts';

const deployment = (name: string, provider: Provider, model: string): Deployment => deploymentAt(endpoint(name, { provider }), model);
const toOpenAI = deployment('openai', openai, 'gpt-5-mini');
const toAnthropic = deployment('anthropic', anthropic, 'claude-haiku-4-5');

const traceId = '0af7651916cd43dd8448eb211c80319c';
const ingress = 'b7ad6b7169203331';
const egress = '00f067aa0ba902b7';
const sampled = new Map([
  ['x-request-id', 'a6610436-ad88-9913-a966-98a02d77e6b7'],
  ['x-remora-parent', `${traceId}-${ingress}`],
]);

const complete: Outcome = {
  end: 'complete',
  status: 200,
  deployment: toOpenAI,
  attempts: 1,
  warnings: 0,
  usage: { ...noUsage, inputTokens: 9, outputTokens: 2 },
  requestBytes: 10,
  served: 'fast',
  route: '',
  reason: '',
  experiments: [],
  deliveredBytes: 5,
};

interface Exported {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code?: number; message?: string };
  attributes: { key: string; value: Record<string, unknown> }[];
}

/** What is exported of an exchange, by the names of the spans. `now` is a clock that a test sets. */
async function exported(
  headers: ReadonlyMap<string, string>,
  play: (trace: ExchangeTrace, clock: { now: number }) => Promise<void> | void,
): Promise<Map<string, Exported>> {
  const spans: Exported[] = [];
  const server = createServer((request, response) => {
    void json(request)
      .then((body) =>
        spans.push(
          ...(body as { resourceSpans: { scopeSpans: { spans: Exported[] }[] }[] }).resourceSpans.flatMap(({ scopeSpans }) =>
            scopeSpans.flatMap((scope) => scope.spans),
          ),
        ),
      )
      .finally(() => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const clock = { now: 1_000_000 };
  const { open, shutdown } = createSpans({
    otlp: new URL(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`),
    now: () => clock.now,
  });
  const trace = open(headers);
  await play(trace, clock);
  trace.completed();
  await shutdown();
  server.close();
  return new Map(spans.map((span) => [span.name, span]));
}

const attributesOf = (span: Exported | undefined): Record<string, unknown> =>
  Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [
      key,
      value['stringValue'] ?? value['boolValue'] ?? Number(value['intValue'] ?? value['doubleValue']),
    ]),
  );

const requested = { model: 'gpt', operation: 'chat', protocol: 'openai-chat', stream: true, maxTokens: 100 };

test('one span describes the exchange, under Envoy’s; stages and the first attempt hang under it, further attempts under Envoy’s span of theirs', async () => {
  const spans = await exported(sampled, async (trace) => {
    trace.identified({ tenant: 'team', key: 'laptop' });
    trace.requested(requested);
    await trace.stage('route', () => undefined);
    trace.attempted(1, toOpenAI, undefined);
    trace.attempted(2, toAnthropic, `00-${traceId}-${egress}-01`);
    trace.answered(200);
    trace.answering(() => undefined);
    trace.described({ id: 'c1', model: 'claude-haiku-4-5', finishReason: 'stop' });
    trace.ended({ ...complete, deployment: toAnthropic, attempts: 2 }, undefined);
  });
  const chat = spans.get('chat gpt');
  expect([...spans.values()].every((span) => span.traceId === traceId)).toBe(true);
  expect(chat?.parentSpanId).toBe(ingress);
  expect(spans.get('route')?.parentSpanId).toBe(chat?.spanId);
  expect(spans.get('attempt 1 openai/gpt-5-mini')).toMatchObject({ parentSpanId: chat?.spanId, status: { code: 2 } });
  expect(spans.get('attempt 2 anthropic/claude-haiku-4-5')).toMatchObject({ parentSpanId: egress, status: { code: 0 } });
  expect(attributesOf(chat)).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'gpt',
    'gen_ai.request.max_tokens': 100,
    'gen_ai.response.id': 'c1',
    'gen_ai.response.model': 'claude-haiku-4-5',
    'gen_ai.usage.input_tokens': 9,
    'gen_ai.usage.output_tokens': 2,
    'remora.tenant': 'team',
  });
});

test('the span is named after what was asked for', async () => {
  const spans = await exported(sampled, async (trace) => {
    trace.requested({ ...requested, operation: 'embed', protocol: 'openai-embeddings' });
    trace.ended(complete, undefined);
  });
  expect(attributesOf(spans.get('embeddings gpt'))).toMatchObject({ 'gen_ai.operation.name': 'embeddings', 'remora.protocol': 'openai-embeddings' });
});

test('a complete exchange ends with the last piece of its answer, however late Envoy says so; a broken one when we hear of it', async () => {
  for (const [outcome, end] of [
    [complete, 1_000_060],
    [{ ...complete, end: 'left' as const }, 1_000_099],
  ] as const) {
    const spans = await exported(sampled, (trace, clock) => {
      trace.requested(requested);
      trace.attempted(1, toOpenAI, undefined);
      clock.now += 50;
      trace.answered(200);
      clock.now += 10;
      trace.answering(() => undefined);
      clock.now += 39;
      trace.ended(outcome, undefined);
    });
    for (const name of ['chat gpt', 'answer', 'attempt 1 openai/gpt-5-mini']) expect(spans.get(name)?.endTimeUnixNano).toBe(`${end}000000`);
  }
});

test('what went wrong is an error with a type: our code, the provider’s status, or how it ended', async () => {
  for (const [outcome, code, type] of [
    [{ ...complete, end: 'refused', status: 429 }, 'budget-exceeded', 'budget-exceeded'],
    [{ ...complete, end: 'failed', status: 503 }, undefined, '503'],
    [{ ...complete, end: 'left' }, undefined, 'left'],
  ] as const) {
    const spans = await exported(sampled, (trace) => {
      trace.requested(requested);
      trace.ended(outcome, code);
    });
    expect(spans.get('chat gpt')?.status.code).toBe(2);
    expect(attributesOf(spans.get('chat gpt'))).toMatchObject({ 'error.type': type });
  }
  const fine = await exported(sampled, (trace) => trace.ended(complete, undefined));
  expect(attributesOf(fine.get('chat'))).not.toHaveProperty('error.type');
});

test('a model that the config does not have leaves no trace of its name', async () => {
  const spans = await exported(sampled, (trace) => {
    trace.requested({ ...requested, model: undefined });
    trace.ended({ ...complete, end: 'refused', status: 404 }, 'model-not-found');
  });
  expect([...spans.keys()]).toEqual(['chat']);
  expect(attributesOf(spans.get('chat'))).not.toHaveProperty(['gen_ai.request.model']);
});

test.each([
  ['Envoy did not sample', new Map([...sampled, ['x-request-id', 'a6610436-ad88-4913-a966-98a02d77e6b7']])],
  ['the client wants no trace', new Map([...sampled, ['traceparent', `00-${traceId}-${egress}-00`]])],
  ['Envoy does not trace', new Map([...sampled].filter(([name]) => name !== 'x-remora-parent'))],
])('nothing is exported where %s', async (_, headers) => {
  expect(await exported(headers, (trace) => trace.ended(complete, undefined))).toEqual(new Map());
});
