import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Classifier } from '../deployment.ts';
import { createTaskClassifier, type AskClassifier } from './classifier.ts';
import { taskOf } from './task.fixture.ts';

const service: Classifier = { url: new URL('http://classifier/score?v=1'), apiKey: undefined, model: undefined, timeoutMs: 300 };
const model: Classifier = { url: new URL('https://models.example/v1/'), apiKey: 'sk-classifier', model: 'judge', timeoutMs: 300 };
const features = { ...taskOf('Write to [EMAIL_1].'), metadata: { secret: 'ours' }, user: 'ann', conversation: 'c-1' };
const question = { features, score: 0.3 };

interface Call {
  url: string;
  init: RequestInit;
}

/** A classifier whose service answers by `answer`, and what it was sent. */
function stage(answer: (call: Call) => Response | Promise<Response>): { ask: AskClassifier; calls: Call[] } {
  const calls: Call[] = [];
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const call = { url: input instanceof Request ? input.url : input.toString(), init };
    calls.push(call);
    return answer(call);
  };
  return { ask: createTaskClassifier({ fetch, now: () => Date.now() }), calls };
}

const never = (): Promise<Response> => new Promise(() => {});
const bodyOf = (call: Call | undefined): unknown => (typeof call?.init.body === 'string' ? JSON.parse(call.init.body) : undefined);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a service is sent the task, the score by features and the features, and nothing that names anybody', async () => {
  const { ask, calls } = stage(() => Response.json({ score: 0.9 }));
  expect(await ask(service, question)).toEqual({ score: 0.9 });
  expect(calls.map(({ url }) => url)).toEqual(['http://classifier/score?v=1']);
  expect(calls[0]?.init).toMatchObject({ method: 'POST', redirect: 'error', headers: { 'content-type': 'application/json' } });
  expect(bodyOf(calls[0])).toEqual({
    task: 'Write to [EMAIL_1].',
    score: 0.3,
    features: { inputTokens: 5, messages: 1, images: false, documents: false, tools: false, jsonSchema: false, reasoning: false },
  });
});

test('a model is asked for one word, with its key', async () => {
  const { ask, calls } = stage(() => Response.json({ choices: [{ message: { content: 'hard' } }] }));
  expect(await ask(model, question)).toEqual({ score: 1 });
  expect(calls[0]?.url).toBe('https://models.example/v1/chat/completions');
  expect(calls[0]?.init.headers).toMatchObject({ authorization: 'Bearer sk-classifier' });
  expect(bodyOf(calls[0])).toMatchObject({ model: 'judge', max_tokens: 16, stream: false, messages: [{ role: 'system' }, { role: 'user' }] });
  expect(JSON.stringify(bodyOf(calls[0]))).not.toMatch(/ours|ann|c-1|sk-/);
});

describe('a failure', () => {
  test('is no answer in time, and the call is given up', async () => {
    const { ask, calls } = stage(never);
    const verdict = ask(service, question);
    await vi.advanceTimersByTimeAsync(299);
    expect(calls[0]?.init.signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await verdict).toEqual({ failure: 'timeout' });
    expect(calls[0]?.init.signal?.aborted).toBe(true);
  });

  test('is an answer that begins and does not end', async () => {
    const { ask } = stage(() => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) })));
    const verdict = ask(service, question);
    await vi.advanceTimersByTimeAsync(300);
    expect(await verdict).toEqual({ failure: 'timeout' });
  });

  test.each<[what: string, answer: () => Response | Promise<Response>, failure: string]>([
    ['no connection', () => Promise.reject(new TypeError('fetch failed')), 'unreachable'],
    ['another status', () => Response.json({ score: 1 }, { status: 500 }), 'status'],
    ['something else than a verdict', () => new Response('<html>'), 'unreadable'],
    ['no body', () => new Response(null, { status: 204 }), 'unreadable'],
    ['more than a verdict can be', () => new Response(`{"score": 1, "why": "${'x'.repeat(64 * 1024)}"}`), 'unreadable'],
  ])('is %s', async (_, answer, failure) => {
    expect(await stage(answer).ask(service, question)).toEqual({ failure });
  });

  test('is a client that goes away, which is told apart', async () => {
    const { ask, calls } = stage(never);
    const client = new AbortController();
    const verdict = ask(service, question, client.signal);
    client.abort();
    expect(await verdict).toEqual({ failure: 'cancelled' });
    expect(calls[0]?.init.signal?.aborted).toBe(true);
    expect(await ask(service, question, client.signal)).toEqual({ failure: 'cancelled' });
  });
});

test('no timer and no listener outlives an answer', async () => {
  const { ask } = stage(() => Response.json({ score: 0.1 }));
  const { signal } = new AbortController();
  const removed = vi.spyOn(signal, 'removeEventListener');
  await ask(service, question, signal);
  expect(vi.getTimerCount()).toBe(0);
  expect(removed).toHaveBeenCalledOnce();
});

test('an endless answer is not read on', async () => {
  let chunks = 0;
  const endless = new ReadableStream({
    pull(controller) {
      chunks++;
      controller.enqueue(new Uint8Array(16 * 1024));
    },
  });
  expect(await stage(() => new Response(endless)).ask(service, question)).toEqual({ failure: 'unreadable' });
  expect(chunks).toBeLessThan(10);
});

test('one that has failed three times is not asked for ten seconds, and others are', async () => {
  const { ask, calls } = stage(({ url }) =>
    url.startsWith('http://classifier') ? Promise.reject(new Error('down')) : Response.json({ score: 0.4 }),
  );
  for (let count = 0; count < 3; count++) await ask(service, question);
  expect(await ask(service, question)).toEqual({ failure: 'resting' });
  expect(calls).toHaveLength(3);
  expect(await ask({ ...service, url: new URL('http://other/') }, question)).toEqual({ score: 0.4 });
  vi.advanceTimersByTime(10_000);
  expect(await ask(service, question)).toEqual({ failure: 'unreachable' });
});

test('one that is slow is not asked more than it can take', async () => {
  const { ask, calls } = stage(never);
  const verdicts = Array.from({ length: 40 }, () => ask(service, question));
  await vi.advanceTimersByTimeAsync(300);
  const failures = (await Promise.all(verdicts)).map((verdict) => 'failure' in verdict && verdict.failure);
  expect(failures.filter((failure) => failure === 'busy')).toHaveLength(8);
  expect(calls).toHaveLength(32);
});
