import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually, keys, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';
import { jaegerMissing, startJaeger, type Jaeger, type Span } from './jaeger.ts';
import { leaked } from './leak.ts';
import { openaiSdk, pairs, rejection, say } from './sdks.ts';

let jaeger: Jaeger;
let world: World;
let gateway: RunningGateway;

beforeAll(async () => {
  if (jaegerMissing !== undefined) return;
  jaeger = await startJaeger();
  world = await startWorld({ telemetry: { otlp: jaeger.otlp } });
  gateway = await startGateway(world.config);
});

afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
  await jaeger?.stop();
});

beforeEach(({ skip }) => {
  skip(jaegerMissing !== undefined, jaegerMissing);
  world.openai.clear();
  world.anthropic.clear();
});

/** The one trace of a request, once both Envoy's spans and ours are in it. */
async function traceOf(requestId: string | null | undefined): Promise<Span[]> {
  const traces = await eventually(
    () => jaeger.tracesOf(requestId ?? ''),
    ([trace = []]) => trace.some(({ name }) => name === 'ingress') && trace.some(({ name }) => name.startsWith('chat')),
  );
  expect(traces).toHaveLength(1);
  const [trace = []] = traces;
  expect(faults(trace)).toEqual([]);
  return trace;
}

/** What is wrong with a trace as a tree: more than one root, spans without their parent, spans that came twice. `outside` is the span of somebody else that the root hangs under. */
function faults(trace: readonly Span[], outside?: string): string[] {
  const ids = new Set(trace.map(({ id }) => id));
  const roots = trace.filter(({ parent }) => parent === outside).map(({ name }) => name);
  return [
    ...(roots.join() === 'ingress' ? [] : [`its roots are ${roots.join()}`]),
    ...(ids.size === trace.length ? [] : ['a span came twice']),
    ...trace.filter(({ parent }) => parent !== outside && !ids.has(parent ?? '')).map(({ name }) => `${name} has no parent`),
  ];
}

function only(trace: readonly Span[], name: string | RegExp): Span {
  const found = trace.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
  expect(found.map((span) => span.name)).toHaveLength(1);
  return found[0] as Span;
}

/** Names of the spans that hang under a span, in the order in which they began. */
const under = (trace: readonly Span[], parent: Span): string[] =>
  trace
    .filter((span) => span.parent === parent.id)
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .map(({ name }) => name);

const tagsOf = ({ tags }: Span): Record<string, unknown> => Object.fromEntries(tags);

const personal = ['bob@example.com', '+49 30 901820-123', '4111-1111-1111-1111'];

describe.each([
  ['JSON', false],
  ['a stream', true],
] as const)('%s', (_, stream) => {
  test.each(pairs)('is one trace under Envoy’s ingress span, with all our stages: $client to $provider', async ({ sdk, model, provider }) => {
    const text = `My secret is a zebra, and I am ${personal.join(', ')}.`;
    const { requestId } = await sdk.ask(gateway, say(model, text, { stream, maxTokens: 300 }), { key: keys.private });
    const trace = await traceOf(requestId);
    const deployment = model === 'gpt' ? 'openai/gpt-5-mini' : 'anthropic/claude-haiku-4-5';

    const ingress = only(trace, 'ingress');
    const chat = only(trace, `chat ${model}`);
    expect(under(trace, ingress)).toEqual([`chat ${model}`, `router p_${provider} egress`]);
    expect(under(trace, chat)).toEqual(['decode', 'redact', 'route', 'budget', `attempt 1 ${deployment}`, 'answer']);
    expect(trace.filter(({ service }) => service === 'envoy').map(({ name }) => name)).toHaveLength(2);
    expect(trace.filter(({ service }) => service === 'remora')).toHaveLength(7);
    expect(trace.filter(({ tags }) => tags.get('error') !== undefined)).toEqual([]);

    expect(tagsOf(ingress)).toMatchObject({ 'span.kind': 'server', 'http.status_code': '200' });
    expect(tagsOf(chat)).toMatchObject({
      'span.kind': 'client',
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      'gen_ai.request.stream': stream,
      'gen_ai.request.max_tokens': 300,
      'gen_ai.response.id': expect.stringMatching(/^(chatcmpl-|msg_)demo_\d+$/),
      'gen_ai.response.model': provider === 'openai' ? 'gpt-5-mini' : 'claude-haiku-4-5',
      'gen_ai.response.finish_reasons': '["stop"]',
      'gen_ai.usage.input_tokens': expect.any(Number),
      'gen_ai.usage.output_tokens': expect.any(Number),
      'remora.tenant': 'private',
      'remora.deployment': deployment,
      'remora.end': 'complete',
      'remora.attempts': 1,
    });
    expect(chat.tags.get('gen_ai.usage.output_tokens')).toBeGreaterThan(10);

    const everything = JSON.stringify(trace.map((span) => ({ ...span, tags: tagsOf(span) })));
    expect(leaked(everything, [...personal, 'zebra', 'Hello from', 'EMAIL_1', keys.private, world.openai.apiKey, world.anthropic.apiKey])).toEqual(
      [],
    );
  });

  test('has attributes of generative AI on one span only, so that it counts as one call', async () => {
    world.openai.behave({ refuse: { status: 500 } });
    const { requestId } = await openaiSdk.ask(gateway, say('gpt-then-claude', 'Hello', { stream }));
    const trace = await traceOf(requestId);
    expect(trace.filter(({ tags }) => [...tags.keys()].some((key) => key.startsWith('gen_ai.'))).map(({ name }) => name)).toEqual([
      'chat gpt-then-claude',
    ]);
  });

  test.each([
    ['an error status', { refuse: { status: 429 } }],
    ['a reset', { break: { how: 'reset', after: 'nothing' } }],
  ] as const)('that falls back after %s shows each attempt of Envoy’s and ours', async (_name, behaviour) => {
    world.openai.behave(behaviour);
    const { requestId } = await openaiSdk.ask(gateway, say('gpt-then-claude', 'Hello', { stream }));
    const trace = await traceOf(requestId);
    const chat = only(trace, 'chat gpt-then-claude');
    const first = only(trace, 'router p_openai egress');
    const second = only(trace, 'router p_anthropic egress');
    expect(under(trace, only(trace, 'ingress'))).toEqual(['chat gpt-then-claude', first.name, second.name]);
    expect(under(trace, chat)).toEqual(['decode', 'route', 'budget', 'attempt 1 openai/gpt-5-mini', 'answer']);
    expect(under(trace, second)).toEqual(['attempt 2 anthropic/claude-haiku-4-5']);
    expect(String(first.tags.get('error'))).toBe('true'); // Envoy writes it as text, or as a status
    expect(second.tags.get('http.status_code')).toBe('200');
    expect(tagsOf(only(trace, /^attempt 1/))).toMatchObject({ error: true, 'remora.attempt': 1 });
    expect(tagsOf(only(trace, /^attempt 2/))).toMatchObject({ 'remora.attempt': 2, 'http.response.status_code': 200 });
    expect(only(trace, /^attempt 2/).tags.has('error')).toBe(false);
    expect(tagsOf(chat)).toMatchObject({ 'remora.attempts': 2, 'gen_ai.provider.name': 'anthropic' });
    expect(chat.tags.has('error')).toBe(false);
  });
});

describe('a failure shows on our span and on Envoy’s:', () => {
  test.each([500, 429, 400])('a provider’s error %i', async (status) => {
    world.openai.behave({ refuse: { status } });
    const error = await rejection(openaiSdk.ask(gateway, say('gpt')));
    const trace = await traceOf(String(error['requestID']));
    expect(tagsOf(only(trace, 'chat gpt'))).toMatchObject({
      error: true,
      'error.type': String(status),
      'http.response.status_code': status,
      'remora.end': 'failed',
    });
    expect(tagsOf(only(trace, /^attempt 1/))).toMatchObject({ error: true, 'http.response.status_code': status });
    expect(only(trace, 'ingress').tags.get('http.status_code')).toBe(String(status));
  });

  test('a provider that cannot be reached', async () => {
    world.openai.behave({ break: { how: 'reset', after: 'nothing' } });
    const error = await rejection(openaiSdk.ask(gateway, say('gpt')));
    const trace = await traceOf(String(error['requestID']));
    expect(tagsOf(only(trace, 'chat gpt'))).toMatchObject({ error: true, 'error.type': 'provider-unreachable', 'http.response.status_code': 503 });
    expect(String(only(trace, 'router p_openai egress').tags.get('error'))).toBe('true');
    expect(String(only(trace, 'ingress').tags.get('error'))).toBe('true');
    expect(only(trace, 'ingress').tags.get('http.status_code')).toBe('503');
  });

  test.each([
    ['an unknown model', () => rejection(openaiSdk.ask(gateway, say('my-secret-model'))), 'model-not-found', 'chat'],
    ['a spent budget', () => rejection(openaiSdk.ask(gateway, say('claude'), { key: keys.poor })), 'budget-exceeded', 'chat claude'],
    ['an unknown key', () => rejection(openaiSdk.ask(gateway, say('gpt'), { key: 'rk-nobody' })), 'invalid-key', 'chat'],
  ] as const)('a refusal for %s', async (_, ask, code, name) => {
    const error = await ask();
    const trace = await traceOf(String(error['requestID']));
    expect(tagsOf(only(trace, name))).toMatchObject({
      error: true,
      'error.type': code,
      'remora.end': 'refused',
      'http.response.status_code': error['status'],
    });
    expect(trace.map((span) => span.name).filter((each) => /egress|attempt/.test(each))).toEqual([]);
    expect(JSON.stringify(trace.map(tagsOf))).not.toMatch(/my-secret-model|rk-nobody/);
  });

  test('a stream that is cut', async () => {
    world.openai.behave({ break: { how: 'end', after: 3 } });
    const ids: string[] = [];
    await rejection(
      openaiSdk.ask(gateway, say('gpt', 'Hello', { stream: true }), { onResponse: ({ headers }) => ids.push(headers.get('x-request-id') ?? '') }),
    );
    expect(tagsOf(only(await traceOf(ids[0]), 'chat gpt'))).toMatchObject({
      error: true,
      'error.type': 'provider-cut',
      'remora.end': 'cut',
      'http.response.status_code': 200,
    });
  });

  test('a client who hangs up', async () => {
    world.openai.behave({ say: { text: 'word '.repeat(500) }, eventDelayMs: 5 });
    const gone = new AbortController();
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.open}` },
      body: JSON.stringify({ model: 'gpt', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
      signal: gone.signal,
    });
    await response.body?.getReader().read();
    gone.abort();
    expect(tagsOf(only(await traceOf(response.headers.get('x-request-id')), 'chat gpt'))).toMatchObject({
      error: true,
      'error.type': 'left',
      'remora.end': 'left',
    });
  });
});

test('the spans of a stream end when the stream has ended', async () => {
  world.openai.behaveAlways({ say: { text: 'one two three four five six seven eight nine ten' }, eventDelayMs: 40 });
  const { requestId } = await openaiSdk.ask(gateway, say('gpt', 'Hello', { stream: true }));
  const trace = await traceOf(requestId);
  const ingress = only(trace, 'ingress');
  const leastMicroseconds = 10 * 40_000; // the provider made it last so long
  for (const name of ['ingress', 'chat gpt', 'answer', 'attempt 1 openai/gpt-5-mini', 'router p_openai egress']) {
    const span = only(trace, name);
    expect(span.endedAt - span.startedAt).toBeGreaterThanOrEqual(leastMicroseconds);
  }
  const first = Number(only(trace, 'chat gpt').tags.get('gen_ai.response.time_to_first_chunk'));
  expect(first).toBeGreaterThan(0.04);
  expect(first * 1e6).toBeLessThan(ingress.endedAt - ingress.startedAt - 9 * 40_000);
});

describe('a client’s own trace', () => {
  const traceId = (): string => crypto.randomUUID().replaceAll('-', '');
  const spanId = '00f067aa0ba902b7';

  test('is continued', async () => {
    const id = traceId();
    await openaiSdk.ask(gateway, say('gpt'), { headers: { traceparent: `00-${id}-${spanId}-01`, tracestate: 'vendor=1' } });
    const trace = await eventually(
      () => jaeger.trace(id),
      (spans) => spans.some(({ name }) => name === 'chat gpt') && spans.some(({ name }) => name === 'ingress'),
    );
    expect(faults(trace, spanId)).toEqual([]);
    expect(under(trace, only(trace, 'ingress'))).toEqual(['chat gpt', 'router p_openai egress']);
  });

  test.each([
    ['not sampled', (id: string) => `00-${id}-${spanId}-00`],
    ['malformed', (id: string) => `00-${id}-xyz-01`],
  ])('that is %s means no trace at all, neither Envoy’s nor ours', async (_, traceparent) => {
    const before = await jaeger.count();
    const { requestId } = await openaiSdk.ask(gateway, say('gpt'), { headers: { traceparent: traceparent(traceId()) } });
    const marker = await openaiSdk.ask(gateway, say('gpt'));
    await traceOf(marker.requestId); // whatever is sent is sent by then
    expect(await jaeger.tracesOf(requestId ?? '')).toEqual([]);
    expect(await jaeger.count()).toBe(before + 1);
  });
});

test('with sampling 0 there is no trace, whatever a client asks for', async () => {
  const silent = await startGateway({ ...world.config, telemetry: { otlp: jaeger.otlp, sampling: 0 } });
  try {
    const before = await jaeger.count();
    const ids: (string | null | undefined)[] = [];
    for (const headers of [{}, { 'x-client-trace-id': 'x' }, { 'x-envoy-force-trace': 'true' }] as Record<string, string>[]) {
      ids.push((await openaiSdk.ask(silent, say('gpt'), { headers })).requestId);
    }
    const marker = await openaiSdk.ask(gateway, say('gpt'));
    await traceOf(marker.requestId); // what the silent one would have sent is there by then
    for (const id of ids) expect(await jaeger.tracesOf(id ?? '')).toEqual([]);
    expect(await jaeger.count()).toBe(before + 1);
  } finally {
    await silent.stop();
  }
});
