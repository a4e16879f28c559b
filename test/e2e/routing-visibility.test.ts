import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chat, setFleet, tenant, type Asking, type Told } from './fleet.ts';
import { eventually, freePort, keys } from './gateway.ts';
import { jaegerMissing, startJaeger, type Jaeger, type Span } from './jaeger.ts';

let jaeger: Jaeger | undefined;
let closed = 0;
beforeAll(async () => {
  closed = await freePort();
  if (jaegerMissing === undefined) jaeger = await startJaeger();
});
afterAll(() => jaeger?.stop());

const fleet = setFleet({ a: 'openai', b: 'openai', c: 'anthropic', narrow: 'openai' }, ({ to, providers }) => ({
  providers: {
    ...providers,
    us: { ...providers.a, residency: 'us' },
    dead: { ...providers.a, baseUrl: `http://127.0.0.1:${closed}/v1` },
    pool: {
      kind: 'openai',
      credentials: (['a', 'b'] as const).map((name) => ({
        name: `key-${name}`,
        baseUrl: providers[name]['baseUrl'],
        apiKey: providers[name]['apiKey'],
      })),
    },
    narrow: { ...providers.narrow, maxConcurrent: 1 },
  },
  models: {
    chain: { strategy: 'priority', targets: [to('a'), to('b')], fallback: ['claude'] },
    broken: {
      strategy: 'priority',
      targets: [{ provider: 'dead', model: 'gpt-4.1-mini' }, to('a'), to('b')],
      fallback: ['claude'],
      timeouts: { headers: '300ms' },
    },
    blind: {
      strategy: 'priority',
      targets: [{ provider: 'us', model: 'gpt-4.1-mini' }, to('a', { capabilities: { tools: false } }), to('b'), to('c')],
      fallback: ['small'],
    },
    small: { targets: [to('b', { model: 'gpt-4o-mini', capabilities: { contextTokens: 5 } })] },
    compared: { experiment: { name: 'newer', by: 'tenant', variants: ['one', 'other'].map((name) => ({ name, model: 'chain' })) } },
    claude: { targets: [to('c')] },
    pool: { targets: [{ provider: 'pool', model: 'gpt-4.1-mini' }] },
    resting: { targets: [to('a', { model: 'gpt-4o' })] },
    narrow: { targets: [to('narrow')] },
  },
  tenants: {
    open: tenant(keys.open),
    picky: tenant('rk-picky', { models: ['blind', 'claude'], residency: ['eu'] }),
  },
  rules: [{ name: 'no-b', when: 'headers["x-b"] == "no"', without: ['b'] }],
  resilience: { breaker: { failures: 3, rest: '1m', minRequests: 1000 }, queue: { wait: '30s' } },
  ...(jaeger && { telemetry: { otlp: jaeger.otlp } }),
}));

const ask = (model: string, asking: Asking = {}): Promise<Told> => chat(fleet.gateway, model, asking);

/** The trace of a request, once its own span and as many attempts as it says are there. */
async function traceOf(requestId: string): Promise<Span[]> {
  const [trace = []] = await eventually(
    () => jaeger?.tracesOf(requestId) ?? [],
    ([spans = []]) => spans.some(({ name }) => name.startsWith('chat')) && attemptsOf(spans).length === Number(chatOf(spans)['remora.attempts']),
  );
  return trace;
}

const tagsOf = (span: Span | undefined): Record<string, unknown> => Object.fromEntries(span?.tags ?? []);
const chatOf = (trace: readonly Span[]): Record<string, unknown> => tagsOf(trace.find(({ name }) => name.startsWith('chat')));
const attemptsOf = (trace: readonly Span[]): Span[] =>
  trace
    .filter(({ name }) => name.startsWith('attempt'))
    .toSorted((one, other) => Number(one.tags.get('remora.attempt')) - Number(other.tags.get('remora.attempt')));
/** A tag that is a list, which Jaeger keeps as JSON. */
const listed = (tags: Record<string, unknown>, name: string): string[] => {
  const { [name]: tag } = tags;
  return typeof tag === 'string' ? (JSON.parse(tag) as string[]) : [];
};

describe.skipIf(jaegerMissing !== undefined)('a trace', () => {
  test('holds the whole chain, also of what was not needed', async () => {
    const told = await ask('chain');
    expect(told).toMatchObject({ deployment: 'a/gpt-4.1-mini', attempts: '1' });
    const tags = chatOf(await traceOf(told.requestId));
    expect(tags).toMatchObject({ 'remora.model': 'chain', 'remora.deployment': 'a/gpt-4.1-mini', 'remora.attempts': 1 });
    expect(listed(tags, 'remora.chain')).toEqual(['a/gpt-4.1-mini', 'b/gpt-4.1-mini', 'c/claude-haiku-4-5']);
    for (const name of ['remora.skipped', 'remora.rule', 'remora.experiments', 'remora.task.score']) expect(tags).not.toHaveProperty([name]);
  });

  test('says of each deployment that was passed by, why', async () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    const told = await ask('blind', { headers: { 'x-b': 'no' }, more: { tools } });
    expect(told).toMatchObject({ status: 200, by: 'us' });
    const tags = chatOf(await traceOf(told.requestId));
    expect(tags).toMatchObject({ 'remora.rule': 'no-b' });
    expect(listed(tags, 'remora.chain')).toEqual(['us/gpt-4.1-mini', 'c/claude-haiku-4-5']);
    expect(listed(tags, 'remora.skipped')).toEqual([
      'a/gpt-4.1-mini: capability (it cannot call tools)',
      'b/gpt-4.1-mini: cut (no-b)',
      'b/gpt-4o-mini: cut (no-b)',
    ]);
  });

  test('says so of a request that is refused, too', async () => {
    const told = await ask('blind', { key: 'rk-picky' });
    expect(told).toMatchObject({ status: 403, error: 'not-permitted', deployment: '' });
    const tags = chatOf(await traceOf(told.requestId));
    expect(tags).toMatchObject({ 'remora.end': 'refused', 'error.type': 'not-permitted', 'remora.attempts': 0 });
    const skipped = listed(tags, 'remora.skipped');
    expect(skipped).toContain("us/gpt-4.1-mini: residency (the provider's residency is us, and it must be eu)");
    expect(skipped).toContain('b/gpt-4o-mini: not-allowed');
  });

  test('names the experiment and its variant', async () => {
    const told = await ask('compared');
    const tags = chatOf(await traceOf(told.requestId));
    expect(tags).toMatchObject({ 'gen_ai.request.model': 'compared', 'remora.model': 'chain' });
    expect(listed(tags, 'remora.experiments')).toEqual([expect.stringMatching(/^newer:(one|other)$/)]);
  });

  test('has each attempt with its own status, or with how it failed without one', async () => {
    fleet.fakes.a.behave({ refuse: { status: 429, headers: { 'retry-after': '0' } } });
    fleet.fakes.b.behave({ break: { how: 'stall', after: 'nothing' } });
    const told = await ask('broken');
    expect(told).toMatchObject({ status: 200, deployment: 'c/claude-haiku-4-5', attempts: '4' });
    const attempts = attemptsOf(await traceOf(told.requestId));
    expect(attempts.map(({ name }) => name)).toEqual([
      'attempt 1 dead/gpt-4.1-mini',
      'attempt 2 a/gpt-4.1-mini',
      'attempt 3 b/gpt-4.1-mini',
      'attempt 4 c/claude-haiku-4-5',
    ]);
    const [refused, limited, silent, good] = attempts.map(tagsOf);
    expect(refused).toMatchObject({ error: true, 'error.type': 'connect' });
    expect(limited).toMatchObject({ error: true, 'error.type': '429', 'http.response.status_code': 429 });
    expect(silent).toMatchObject({ error: true, 'error.type': 'timeout' });
    expect(good).toMatchObject({ 'http.response.status_code': 200 });
    expect(good).not.toHaveProperty('error');
    for (const tags of [refused, silent]) expect(tags).not.toHaveProperty(['http.response.status_code']);
  });

  test('names the account', async () => {
    const told = await ask('pool');
    const trace = await traceOf(told.requestId);
    const [account = ''] = /#key-[ab]/.exec(listed(chatOf(trace), 'remora.chain')[0] ?? '') ?? [];
    expect(told.deployment).toBe('pool/gpt-4.1-mini');
    expect(tagsOf(attemptsOf(trace)[0])).toMatchObject({ 'remora.account': account.slice(1), 'remora.deployment': 'pool/gpt-4.1-mini' });
  });

  test('shows time in a queue as a stage of its own', async () => {
    const gone = new AbortController();
    fleet.fakes.narrow.behave({ break: { how: 'stall', after: 3 } });
    const first = await hold('narrow', gone.signal);
    const second = ask('narrow');
    await eventually(
      () => fleet.gateway.metric('remora_exchanges_open'),
      (open) => open.get('') === 2,
    );
    for (let count = 0; count < 2; count++) await ask('chain'); // by then the second waits
    gone.abort();
    expect(await second).toMatchObject({ status: 200, by: 'narrow' });
    const stages = async (id: string): Promise<string[]> => (await traceOf(id)).map(({ name }) => name);
    expect(await stages((await second).requestId)).toContain('queue');
    expect(await stages(first)).not.toContain('queue');
  });
});

/** Begins a stream that goes on until the signal; gives its request's id. */
async function hold(model: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${fleet.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.open}` },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
    signal,
  });
  return response.headers.get('x-request-id') ?? '';
}

describe('metrics and the admin API', () => {
  const metricOf = async (name: string, labels: string): Promise<number | undefined> => (await fleet.gateway.metric(name)).get(labels);
  const health = async (id: string): Promise<Record<string, unknown>> => {
    const report = (await (await fetch(`${fleet.gateway.adminUrl}/api/health`)).json()) as Record<string, unknown>[];
    return report.find((each) => each['id'] === id) ?? {};
  };

  beforeEach(() => fleet.fakes.a.clear());

  test('count what is passed by, by its reason', async () => {
    const before = (await metricOf('remora_deployments_skipped_total', 'deployment="b/gpt-4.1-mini",reason="cut"')) ?? 0;
    await ask('blind', { headers: { 'x-b': 'no' } });
    expect(await metricOf('remora_deployments_skipped_total', 'deployment="b/gpt-4.1-mini",reason="cut"')).toBe(before + 1);
    const refused = (await metricOf('remora_deployments_skipped_total', 'deployment="c/claude-haiku-4-5",reason="residency"')) ?? 0;
    await ask('blind', { key: 'rk-picky' });
    expect(await metricOf('remora_deployments_skipped_total', 'deployment="c/claude-haiku-4-5",reason="residency"')).toBe(refused + 1);
  });

  test('show a deployment at work, and one that rests', async () => {
    await ask('resting', { stream: true });
    expect(await health('a/gpt-4o')).toMatchObject({ name: 'a/gpt-4o', standing: { type: 'good' }, inFlight: 0, firstTokenMs: expect.any(Number) });
    expect(await metricOf('remora_deployment_first_token_seconds', 'deployment="a/gpt-4o"')).toBeGreaterThan(0);
    expect(await metricOf('remora_deployment_tokens_per_second', 'deployment="a/gpt-4o"')).toBeGreaterThan(0);
    expect(await metricOf('remora_deployment_attempts_open', 'deployment="a/gpt-4o"')).toBe(0);

    fleet.fakes.a.behaveAlways({ refuse: { status: 500 } });
    for (let count = 0; count < 2; count++) expect(await ask('resting')).toMatchObject({ status: 500, attempts: '1' });
    await eventually(
      () => metricOf('remora_deployment_failure_ratio', 'deployment="a/gpt-4o"'),
      (ratio = 0) => ratio > 0.6, // two of three
    );
    expect(await ask('resting')).toMatchObject({ status: 500, attempts: '1' });
    await eventually(
      () => health('a/gpt-4o'),
      ({ standing }) => (standing as { type?: string } | undefined)?.type === 'resting',
    );
    expect(await health('a/gpt-4o')).toMatchObject({ standing: { type: 'resting', reason: 'failing', untilMs: expect.any(Number) } });
    expect(await metricOf('remora_deployment_resting', 'deployment="a/gpt-4o",reason="failing"')).toBe(1);
    expect(await metricOf('remora_attempts_total', 'deployment="a/gpt-4o",account="default",status="500",failure=""')).toBe(3);
    fleet.fakes.a.clear();
    const refused = await ask('resting');
    expect(refused).toMatchObject({ status: 503, error: 'deployments-resting', attempts: null });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(fleet.counts().a).toBe(0);
    expect(await metricOf('remora_deployments_skipped_total', 'deployment="a/gpt-4o",reason="resting"')).toBe(1);
  });

  test('say which config is in force', async () => {
    const { hash, number, lastError } = await fleet.gateway.configReport();
    expect([hash, number, lastError]).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/), 1, undefined]);
    expect(await metricOf('remora_config_info', `hash="${hash}"`)).toBe(1);
  });
});
