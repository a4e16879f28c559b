import { beforeEach, describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import type { ConfigData } from './gateway.ts';
import { sdks } from './sdks.ts';
import { answeredBy, ask, metricSum, post, setTrio, untilStanding } from './trio.ts';

/** More than there are tests. Each has a provider of its own at the first fake, `again-N`, since what may be tried again is counted by provider. */
const numbers = Array.from({ length: 40 }, (_, number) => number);
let number = 0;
beforeEach(() => void number++);
/** The provider of the running test, and its models: tried once again, twice, or once where the first content is waited for. */
const again = (): string => `again-${number}`;
const once = (): string => `once-${number}`;
const twice = (): string => `twice-${number}`;
const committed = (): string => `committed-${number}`;

const trio = setTrio(({ provider, target }) => {
  const model = (name: string, more: ConfigData): ConfigData => ({
    targets: [target('one', { provider: name })],
    fallback: ['two', 'three'],
    ...more,
  });
  return {
    providers: {
      ...Object.fromEntries(numbers.map((each) => [`again-${each}`, provider('one')])),
      rested: provider('one', { breaker: { failures: 3, rest: '1m' } }),
    },
    models: {
      ...Object.fromEntries(
        numbers.flatMap((each) => [
          [`once-${each}`, model(`again-${each}`, { retries: 1 })],
          [`twice-${each}`, model(`again-${each}`, { retries: 2 })],
          [`committed-${each}`, model(`again-${each}`, { retries: 1, commit: 'first-token' })],
        ]),
      ),
      rested: model('rested', { retries: 2 }),
    },
    resilience: { breaker: false, retryBudget: '10%' },
  };
});

const unavailable: Behaviour = { refuse: { status: 503 } };
const transient: { name: string; behaviour: Behaviour }[] = [
  { name: '503', behaviour: unavailable },
  { name: 'a reset', behaviour: { break: { how: 'reset', after: 'nothing' } } },
  { name: '429 that asks for no pause', behaviour: { refuse: { status: 429 } } },
  { name: '503 that asks for no pause', behaviour: { refuse: { status: 503, headers: { 'retry-after': '0' } } } },
];

describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
  test.each(transient)('after $name the same deployment is tried again, and then the next', async ({ behaviour }) => {
    for (const sdk of sdks) {
      trio.fail(0, undefined);
      trio.at.one.behave(behaviour);
      expect(answeredBy(await ask(trio.gateway, once(), { stream }, { sdk }))).toEqual([again(), 2]);
      expect(trio.asked()).toEqual([2, 0, 0]);
      trio.at.one.behave(behaviour, behaviour);
      expect(answeredBy(await ask(trio.gateway, once(), { stream }, { sdk }))).toEqual(['two', 3]);
      expect(trio.asked()).toEqual([4, 1, 0]);
    }
  });

  test('each of the requests is whole, and the provider’s own', async () => {
    trio.at.one.behave(unavailable, unavailable);
    expect(answeredBy(await ask(trio.gateway, twice(), { stream }, { sdk: sdks[1] }))).toEqual([again(), 3]);
    const [first, ...more] = trio.at.one.requests.map(({ body, headers }) => [body.toString(), headers.authorization, headers['content-length']]);
    expect(more).toEqual([first, first]);
  });

  test.each([
    { status: 429, headers: { 'retry-after': '30' } },
    { status: 503, headers: { 'retry-after': '5' } },
    { status: 429, headers: { 'retry-after-ms': '2000' } },
    { status: 429, headers: { 'x-ratelimit-limit-requests': '10', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '20s' } },
  ])('one that asks for a longer pause ($status) is not tried again: the next is, at once', async (refuse) => {
    for (const model of [once(), twice(), committed()]) {
      trio.at.one.clear();
      trio.at.one.behaveAlways({ refuse });
      expect(answeredBy(await ask(trio.gateway, model, { stream }))).toEqual(['two', 2]);
      expect(trio.at.one.requests).toHaveLength(1);
    }
  });

  test.each([401, 402, 403])('one that refuses our credential (%i) is not tried again', async (status) => {
    trio.at.one.behaveAlways({ refuse: { status } });
    expect(answeredBy(await ask(trio.gateway, twice(), { stream }))).toEqual(['two', 2]);
    expect(trio.at.one.requests).toHaveLength(1);
  });

  test('a request that is wrong is not made again', async () => {
    trio.at.one.behaveAlways({ refuse: { status: 400 } });
    expect((await post(trio.gateway, twice(), { stream })).status).toBe(400);
    expect(trio.asked()).toEqual([1, 0, 0]);
  });
});

test('a stream that fails before its first content is tried again where its first content is waited for', async () => {
  const failures: Behaviour[] = [{ errorEvent: { after: 1, status: 500 } }, { say: { text: '' } }, { break: { how: 'end', after: 1 } }];
  for (const behaviour of failures) {
    trio.at.one.clear();
    trio.at.one.behave(behaviour);
    expect(answeredBy(await ask(trio.gateway, committed(), { stream: true }))).toEqual([again(), 2]);
    trio.at.one.behave(behaviour, behaviour);
    expect(answeredBy(await ask(trio.gateway, committed(), { stream: true }))).toEqual(['two', 3]);
  }
});

test('a provider that fails is asked no more than its share again, and nobody notices', async () => {
  trio.at.one.behaveAlways(unavailable);
  const requests = 100;
  for (let sent = 0; sent < requests; sent += 10) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(trio.gateway, once())));
    for (const answer of answers) expect(answeredBy(answer)[0]).toBe('two');
  }
  const more = trio.at.one.requests.length - requests;
  expect(more).toBeGreaterThanOrEqual(10); // so many are always free
  expect(more).toBeLessThanOrEqual(10 + 0.1 * requests + 10); // and a batch is decided before its own retries count
  expect(await metricSum(trio.gateway, 'remora_attempts_total', { deployment: `${again()}/gpt-5-mini`, status: '503' })).toBe(requests + more);
});

test('what is tried again and fails counts each time against the provider', async () => {
  trio.at.one.behaveAlways(unavailable);
  expect(answeredBy(await ask(trio.gateway, 'rested'))).toEqual(['two', 4]);
  await untilStanding(trio.gateway, 'rested', 'resting');
  expect(answeredBy(await ask(trio.gateway, 'rested'))).toEqual(['two', 1]);
  expect(trio.at.one.requests).toHaveLength(3);
});
