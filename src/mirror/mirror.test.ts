import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBodyMemory } from '../admission/body-memory.ts';
import { startFakeAnthropic } from '../demo/anthropic.ts';
import { startFakeOpenAI } from '../demo/openai.ts';
import type { FakeProvider } from '../demo/server.ts';
import { redact } from '../policies/redact/index.ts';
import { opening } from '../policies/opening.fixture.ts';
import { budget, tenant, terms } from '../policies/tenant.fixture.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import { openaiResponses } from '../protocols/openai-responses/index.ts';
import { anthropic as anthropicProvider } from '../providers/anthropic.ts';
import { openai as openaiProvider } from '../providers/openai.ts';
import type { Deployment, Endpoint } from '../routing/deployment.ts';
import { StoreError } from '../stores/store.ts';
import type { CopyFailure } from './copy-failure.ts';
import { deploymentAt, job, request, stage, type Stage } from './mirror.fixture.ts';
import type { MirrorResult } from './mirror-result.ts';
import { createSend, type Send } from './send.ts';

let openai: FakeProvider;
let anthropic: FakeProvider;
let lab: Stage;

beforeEach(async () => {
  [openai, anthropic] = await Promise.all([startFakeOpenAI(), startFakeAnthropic()]);
  lab = stage();
});
afterEach(async () => {
  await lab.mirror.close();
  await Promise.all([openai.stop(), anthropic.stop()]);
});

const atOpenAI = (fields: Partial<Endpoint> = {}, model = 'gpt-4o-mini'): Deployment => deploymentAt(openaiProvider, openai, model, fields);
const atAnthropic = (): Deployment => deploymentAt(anthropicProvider, anthropic, 'claude-haiku-4-5');

const sentTo = (fake: FakeProvider): unknown => JSON.parse(String(fake.requests.at(-1)?.body));
const usageOf = (inputTokens: number, outputTokens: number) => expect.objectContaining({ inputTokens, outputTokens });

/** What came of a copy that was not dropped. */
async function copied(fields: Parameters<typeof job>[1] = {}, to = atOpenAI()): Promise<MirrorResult> {
  const result = await lab.result(job(to, fields));
  if (typeof result === 'string') throw new Error(`dropped: ${result}`);
  return result;
}

const said = { say: { text: 'Good day.', usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } } };

describe('a copy', () => {
  test("goes to a provider of the client's protocol in the client's own bytes, with another model", async () => {
    openai.behave(said);
    const result = await copied({ request: request({ temperature: 0.5, seed: 7 }) });
    expect(sentTo(openai)).toEqual({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello.' }], temperature: 0.5, seed: 7 });
    expect(result).toMatchObject({
      exchange: 'exchange-1',
      askedModel: 'smart',
      model: 'trial',
      deployment: 'openai/gpt-4o-mini',
      tenant: 'lab',
      protocol: 'openai-chat',
      status: 200,
      end: 'complete',
      finish: { unified: 'stop', raw: 'stop' },
      usage: usageOf(10, 5),
      estimated: false,
      costNanos: 20_000,
      unpriced: false,
      text: 'Good day.',
      textLength: 9,
      toolCalls: [],
    });
    expect(result.failure).toBeUndefined();
  });

  test('is booked once, for the tenant that pays, under the model that got it and a key that nobody can have', async () => {
    openai.behave(said);
    const { startedAt, totalMs } = await copied();
    const endedAt = startedAt + totalMs;
    expect(lab.quotas.entries).toEqual([
      {
        exchange: 'exchange-1',
        id: 'exchange-1.mirror',
        kind: 'mirror',
        tenants: ['lab'],
        user: '',
        key: 'mirror:smart',
        protocol: 'openai-chat',
        model: 'trial',
        served: 'trial',
        route: '',
        provider: 'openai',
        cache: 'none',
        reason: '',
        step: '',
        labels: {},
        priceVersion: 'config',
        endedAt,
        deployment: 'openai/gpt-4o-mini',
        providerModel: 'gpt-4o-mini',
        usage: usageOf(10, 5),
        costNanos: 20_000,
        estimated: false,
        unpriced: false,
        end: 'complete',
        status: 200,
        attempts: 1,
        experiments: [],
        startedAt,
      },
    ]);
  });

  test('is translated for a provider of another protocol', async () => {
    anthropic.behave({ say: { text: 'Good day.', usage: { input_tokens: 10, output_tokens: 5 } } });
    const result = await copied({}, atAnthropic());
    expect(sentTo(anthropic)).toMatchObject({ model: 'claude-haiku-4-5', messages: [{ role: 'user' }] });
    expect(result).toMatchObject({ end: 'complete', text: 'Good day.', finish: { raw: 'end_turn' }, usage: usageOf(10, 5), costNanos: 20_000 });
  });

  test.each(['openai', 'anthropic'] as const)('is streamed where the request asks for it: %s', async (kind) => {
    const [fake, to] = kind === 'openai' ? [openai, atOpenAI()] : [anthropic, atAnthropic()];
    fake.behave({ writeBytes: 7, say: { text: 'Grüße 🎈, and good day to you.' } });
    const result = await copied({ request: request({ stream: true }) }, to);
    expect(sentTo(fake)).toMatchObject({ stream: true });
    expect(result).toMatchObject({ end: 'complete', text: 'Grüße 🎈, and good day to you.', finish: { unified: 'stop' }, estimated: false });
    expect(result.usage.outputTokens).toBeGreaterThan(0);
    expect(result.firstTokenMs).toBeLessThan(result.totalMs);
    expect(result.headersMs).toBeLessThan(result.firstTokenMs ?? 0);
  });

  test('tells which tools were called', async () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    openai.behave({ say: { toolCalls: [{ name: 'weather', arguments: {} }] } });
    expect(await copied({ request: request({ tools }) })).toMatchObject({ toolCalls: ['weather'], text: '', finish: { unified: 'tool-calls' } });
  });

  test('keeps the beginning of a long answer', async () => {
    openai.behave({ say: { text: `${'x'.repeat(1999)}🎈${'y'.repeat(5000)}` } });
    expect(await copied({ request: request({ stream: true }) })).toMatchObject({ text: 'x'.repeat(1999), textLength: 7001 });
  });

  test("shows the provider nothing of the client's headers but what its API passes, and the gateway's own credential", async () => {
    const headers = new Map([
      ['authorization', 'Bearer client-key'],
      ['x-api-key', 'client-key'],
      ['cookie', 'client-key'],
      ['traceparent', 'client-key'],
      ['anthropic-beta', 'context-management-2025-06-27'],
    ]);
    await copied(
      {
        request: request({ max_tokens: 100, messages: [{ role: 'user', content: 'Hello.' }] }, anthropicMessages),
        call: { headers, query: '?key=client-key' },
      },
      atAnthropic(),
    );
    const [sent] = anthropic.requests;
    expect(sent?.headers).toMatchObject({ 'x-api-key': anthropic.apiKey, 'anthropic-beta': 'context-management-2025-06-27' });
    expect(JSON.stringify([sent?.rawHeaders, sent?.path])).not.toContain('client-key');
  });

  test('leaves redacted what was redacted, in the request and in what is kept of the answer', async () => {
    const team = tenant('team', { privacy: { redact: new Set(['email']), keepInHouse: new Set(), keepIn: new Map(), restore: true } });
    const run = redact.open(opening(team));
    const asked = request({ messages: [{ role: 'user', content: 'Write to zoe@example.com.' }] });
    const { text } = await copied({ request: (await run?.onRequest?.(asked)) ?? asked });
    expect(String(openai.requests[0]?.body)).not.toContain('zoe@example.com');
    expect(text).toContain('[EMAIL_1]');
  });

  test('leaves nothing at the provider', async () => {
    await copied({ request: request({ input: 'Hello.', metadata: { a: 'b' } }, openaiResponses) });
    expect(sentTo(openai)).toEqual({ model: 'gpt-4o-mini', input: 'Hello.', store: false });
    await copied({ request: request({ store: true, metadata: { a: 'b' } }) });
    expect(sentTo(openai)).toEqual({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello.' }], store: false });
  });

  test('of an embedding is booked too', async () => {
    const to = atOpenAI({}, 'text-embedding-3-small');
    expect(await copied({ request: request({ input: 'Hello.' }, openaiEmbeddings) }, to)).toMatchObject({ end: 'complete', text: '' });
    expect(lab.quotas.entries).toMatchObject([{ protocol: 'openai-embeddings', estimated: false, usage: { outputTokens: 0 } }]);
  });
});

describe('a copy without an answer', () => {
  test('costs nothing where the provider answers an error, and tells what it says', async () => {
    openai.behave({ refuse: { status: 500, body: { error: { message: 'Out of order.', type: 'server_error' } } } });
    expect(await copied()).toMatchObject({
      status: 500,
      end: 'failed',
      failure: { kind: 'status', message: 'openai answered with status 500: Out of order.' },
      costNanos: 0,
      estimated: false,
    });
    expect(lab.quotas.entries).toMatchObject([{ end: 'failed', status: 500, costNanos: 0 }]);
  });

  test('keeps what the provider says of a refused credential to itself', async () => {
    openai.behave({ refuse: { status: 401, body: { error: { message: 'Incorrect API key provided: sk-demo-***.' } } } });
    const { failure } = await copied();
    expect(failure?.kind).toBe('credential');
    expect(failure?.message).not.toContain('sk-demo');
  });

  test('is given up when the gateway closes, and what was sent is booked as an estimate', async () => {
    openai.behave({ break: { how: 'stall', after: 'nothing' } });
    const arrived = openai.nextRequest();
    const ended = copied();
    const sent = await arrived;
    await lab.mirror.close();
    expect(await ended).toMatchObject({ status: 0, end: 'left', failure: { kind: 'closed' }, estimated: true });
    expect(lab.quotas.entries).toMatchObject([{ end: 'left', usage: { inputTokens: Math.ceil(sent.body.length / 3), outputTokens: 0 } }]);
    await sent.closed;
    expect(sent.aborted).toBe(true);
  });

  test('is given up in the middle of a stream', async () => {
    openai.behave({ say: { text: 'one two three' }, break: { how: 'stall', after: 3 } });
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const send = createSend({ systemCaFile: undefined });
    lab = stage({
      async send(sent, options) {
        const answer = await send(sent, options);
        answer.body.once('readable', resolve);
        return answer;
      },
    });
    const ended = copied({ request: request({ stream: true }) });
    await begun;
    await lab.mirror.close();
    expect(await ended).toMatchObject({ status: 200, end: 'left', failure: { kind: 'closed' } });
    expect(lab.quotas.entries).toMatchObject([{ end: 'left', status: 200, estimated: true }]);
    await openai.requests[0]?.closed;
    expect(openai.requests[0]?.aborted).toBe(true);
  });

  test('is given up when its time is over', async () => {
    lab = stage({ totalMs: 50 });
    openai.behave({ break: { how: 'stall', after: 'headers' } });
    expect(await copied()).toMatchObject({ status: 200, end: 'failed', failure: { kind: 'timeout' }, estimated: true });
  });

  test.each([
    ['a stream that ends early', { break: { how: 'end', after: 3 } } as const, 'cut', 'cut'],
    ['a connection that is reset', { break: { how: 'reset', after: 3 } } as const, 'left', 'broken'],
    ['a connection that is closed', { break: { how: 'close', after: 3 } } as const, 'left', 'broken'],
    ['an error inside', { errorEvent: { after: 3, status: 500, message: 'Overloaded.' } }, 'failed', 'error'],
  ])('has what came until then: %s', async (_, behaviour, end, kind) => {
    openai.behave({ say: { text: 'one two three' }, ...behaviour });
    const result = await copied({ request: request({ stream: true }) });
    expect(result).toMatchObject({ status: 200, end, failure: { kind }, estimated: true });
    expect('one two three'.startsWith(result.text)).toBe(true);
    expect(result.text).not.toBe('');
    expect(lab.quotas.entries).toHaveLength(1);
  });

  test('is one whose JSON is cut', async () => {
    openai.behave({ break: { how: 'end', after: 1 } });
    expect(await copied()).toMatchObject({ status: 200, end: 'failed', failure: { kind: 'unreadable' }, text: '', estimated: true });
  });

  test('is one with an error in place of JSON', async () => {
    openai.behave({ errorEvent: { after: 0, status: 500 } });
    expect(await copied()).toMatchObject({
      status: 200,
      end: 'failed',
      failure: { kind: 'error', message: expect.stringContaining('openai answered with an error: ') },
    });
  });

  test('is one in an encoding that nobody asked for', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    openai.behave({ raw: { headers, chunks: ['{}', '{}'] }, break: { how: 'stall', after: 1 } });
    expect(await copied()).toMatchObject({ end: 'failed', failure: { kind: 'unreadable', message: expect.stringContaining('encoding') } });
    expect(openai.requests[0]?.headers).not.toHaveProperty('accept-encoding');
    await openai.requests[0]?.closed;
    expect(openai.requests[0]?.aborted).toBe(true);
  });

  test('is one that is too large, of which no more is read', async () => {
    const chunk = Buffer.alloc(1 << 20, ' ');
    openai.behave({ raw: { headers: { 'content-type': 'application/json' }, chunks: Array.from({ length: 64 }, () => chunk) } });
    expect(await copied()).toMatchObject({ end: 'failed', failure: { kind: 'too-large' } });
    await openai.requests[0]?.closed;
    expect(openai.requests[0]?.bytesWritten).toBeLessThan(64 << 20);
    expect(lab.mirror.stats().heldBytes).toBe(0);
  });

  test('is one for which there is no more memory', async () => {
    lab = stage({ memory: createBodyMemory(4096) });
    openai.behave({ say: { text: 'x'.repeat(8192) } });
    expect(await copied()).toMatchObject({ end: 'failed', failure: { kind: 'no-memory' } });
    expect(lab.mirror.stats().heldBytes).toBe(0);
  });

  test('is not booked where nothing was sent', async () => {
    const gone = atOpenAI();
    await openai.stop();
    expect(await copied({}, gone)).toMatchObject({ status: 0, end: 'refused', failure: { kind: 'unreachable' }, costNanos: 0 });
    expect(lab.quotas.entries).toEqual([]);
  });

  test('is not booked where the deployment cannot be given the request', async () => {
    const result = await copied({ request: request({ input: 'Hello.' }, openaiEmbeddings) }, atAnthropic());
    expect(result).toMatchObject({ end: 'refused', failure: { kind: 'not-written' } });
    expect(anthropic.requests).toEqual([]);
    expect(lab.quotas.entries).toEqual([]);
  });

  test('is not booked where no credential can be had', async () => {
    const authorize = async (): Promise<never> => Promise.reject(new Error('no token'));
    const to = atOpenAI({ credential: { name: 'default', weight: 1, authorize } });
    expect(await copied({}, to)).toMatchObject({ end: 'refused', failure: { kind: 'credential' } });
  });

  test('does not wait for a credential when the gateway closes', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const authorize = (): Promise<never> => {
      resolve();
      return new Promise(() => {});
    };
    const ended = copied({}, atOpenAI({ credential: { name: 'default', weight: 1, authorize } }));
    await asked;
    await lab.mirror.close();
    expect(await ended).toMatchObject({ end: 'refused', failure: { kind: 'closed' } });
  });

  test('is a bug where something throws that should not, and the log hears of it', async () => {
    const bug = new TypeError('x is not a function');
    lab = stage({ send: () => Promise.reject(bug) });
    expect(await copied()).toMatchObject({ end: 'refused', failure: { kind: 'internal' } });
    expect(lab.failures).toEqual([bug]);
  });
});

describe('the tenant that pays', () => {
  const payer = (amount: bigint) => tenant('lab', { terms: [terms('tenant:lab', { budgets: [budget({ amount })] })] });

  test('has reserved what the copy may cost, and pays what it did cost', async () => {
    openai.behave(said);
    const asked = request({ max_tokens: 100 });
    await copied({ request: asked, payer: payer(10n ** 9n) });
    expect(lab.quotas.asked).toMatchObject([[{ amount: Math.ceil(asked.bytes.length / 3) * 1000 + 100 * 2000, quota: { limit: 10n ** 9n } }]]);
    expect(lab.quotas).toMatchObject({ entries: [{ costNanos: 20_000 }], open: 0 });
  });

  test('has no answer longer than what is reserved for it', async () => {
    openai.behave(said);
    await copied({ payer: payer(10n ** 9n) });
    expect(sentTo(openai)).toMatchObject({ max_completion_tokens: 4096 });
    await copied({});
    expect(sentTo(openai)).not.toHaveProperty('max_completion_tokens');
  });

  test('pays for no copy beyond its budget', async () => {
    expect(await lab.result(job(atOpenAI(), { payer: payer(1000n) }))).toBe('budget');
    expect(openai.requests).toEqual([]);
  });

  test('has its reservation back where nothing was sent', async () => {
    const gone = atOpenAI();
    await openai.stop();
    await copied({ payer: payer(10n ** 9n) }, gone);
    expect(lab.quotas).toMatchObject({ entries: [], open: 0 });
  });

  test('without a budget has copies booked whose price nobody knows', async () => {
    const to = { ...atOpenAI({}, 'split'), price: undefined };
    expect(await copied({}, to)).toMatchObject({ end: 'complete', costNanos: 0, unpriced: true });
    expect(lab.quotas.entries).toMatchObject([{ costNanos: 0, unpriced: true, estimated: false }]);
  });

  test('with a budget pays for nothing without a price', async () => {
    const to = { ...atOpenAI({}, 'house-model'), price: undefined };
    expect(await lab.result(job(to, { payer: payer(10n ** 9n) }))).toBe('unpriced');
  });

  test('pays for nothing that the ledger cannot account for', async () => {
    lab.quotas.failure = new StoreError('The ledger cannot be written.');
    expect(await lab.result(job(atOpenAI(), { payer: payer(10n ** 9n) }))).toBe('ledger');
    expect(lab.failures).toEqual([lab.quotas.failure]);
  });
});

describe('the exchange', () => {
  test('is not kept by the work on its copy', async () => {
    let isAsked = false;
    const authorize = () => {
      isAsked = true;
      return {};
    };
    const ended = copied({}, atOpenAI({ credential: { name: 'default', weight: 1, authorize } }));
    await Promise.resolve();
    expect(isAsked).toBe(false);
    await ended;
    expect(isAsked).toBe(true);
  });

  test('hears nothing of what throws', () => {
    const broken = createBodyMemory(1024);
    broken.take = () => {
      throw new Error('broken');
    };
    lab = stage({ memory: broken });
    lab.mirror.copy(job(atOpenAI()));
    expect(lab.failures).toHaveLength(1);
  });
});

describe('bounds', () => {
  const stalled: Send = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as CopyFailure));
    });

  test('no more copies are under way than may be; the others are dropped and counted', async () => {
    lab = stage({ send: stalled, max: 2 });
    for (let count = 0; count < 5; count++) lab.mirror.copy(job(atOpenAI()));
    expect(lab.mirror.stats()).toMatchObject({ running: 2, dropped: { busy: 3 } });
    await lab.mirror.close();
    expect(lab.drops).toEqual(['busy', 'busy', 'busy']);
    expect(lab.mirror.stats()).toMatchObject({ running: 0, copied: 2, heldBytes: 0 });
  });

  test('there is room again when a copy has ended', async () => {
    lab = stage({ max: 1 });
    await copied();
    expect(await copied()).toMatchObject({ end: 'complete' });
  });

  test('bodies of copies take no more memory than they may', () => {
    const asked = request();
    lab = stage({ send: stalled, memory: createBodyMemory(5 * asked.bytes.length) });
    for (let count = 0; count < 4; count++) lab.mirror.copy(job(atOpenAI(), { request: asked }));
    expect(lab.mirror.stats()).toMatchObject({ running: 2, dropped: { memory: 2 }, heldBytes: 4 * asked.bytes.length });
  });

  test('they count until the copy is over', async () => {
    const asked = request({ messages: [{ role: 'user', content: 'x'.repeat(3000) }] });
    lab = stage({ memory: createBodyMemory(2 * asked.bytes.length + 2000) });
    openai.behave({ say: { text: 'y'.repeat(4000) } });
    expect(await copied({ request: asked })).toMatchObject({ failure: { kind: 'no-memory' } });
    openai.behave({ say: { text: 'y' } });
    expect(await copied({ request: asked })).toMatchObject({ end: 'complete' });
  });

  test('the last hundred results are kept, the latest first', async () => {
    lab = stage({ send: () => Promise.reject(new TypeError('a bug')) });
    for (let count = 1; count <= 105; count++) await copied({ exchange: `exchange-${count}` });
    const recent = lab.mirror.recent();
    expect(recent).toHaveLength(100);
    expect(recent.map(({ exchange }) => exchange)).toEqual(Array.from({ length: 100 }, (_, index) => `exchange-${105 - index}`));
    expect(lab.mirror.stats().copied).toBe(105);
  });

  test('nothing is copied once the gateway closes', async () => {
    await lab.mirror.close();
    expect(await lab.result(job(atOpenAI()))).toBe('closed');
  });
});
