import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordedRequest } from '../../src/demo/journal.ts';
import { eventually, hashOf, startGateway, type ConfigData, type RunningGateway } from './gateway.ts';
import { rejection, sdks } from './sdks.ts';
import { answeredBy, ask, metricSum, post, setTrio, trioConfig, untilIdle, type Parts, type Seen } from './trio.ts';

const kinds = { one: 'openai', two: 'anthropic', three: 'openai' } as const;
const priorities = ['high', 'normal', 'low'] as const;

/** Tenants: `a` and `b` like any, and one of each priority. */
const tenants = {
  ...Object.fromEntries(['a', 'b'].map((name) => [name, { keys: [{ name: 'test', hash: hashOf(`rk-${name}`) }] }])),
  ...Object.fromEntries(priorities.map((priority) => [priority, { keys: [{ name: 'test', hash: hashOf(`rk-${priority}`) }], priority }])),
};

/** Two requests at a time in all, eight wait, four of them of one tenant; a provider of `small` takes one at a time. */
const queueing = ({ provider, target }: Parts): ConfigData => ({
  providers: { small: provider('one', { maxConcurrent: 1 }), 'small-too': provider('two', { maxConcurrent: 1 }) },
  models: {
    'small-too': { targets: [target('two', { provider: 'small-too' })] },
    small: { targets: [target('one', { provider: 'small' })], fallback: ['small-too'] },
    'small-alone': { targets: [target('one', { provider: 'small' })] },
  },
  tenants,
  resilience: { breaker: false, maxConcurrent: 4, queue: { max: 8, wait: '20s' } },
});

/** The same, but nobody waits long, and bodies may take no more than a mebibyte. */
const impatient = (parts: Parts): ConfigData => ({
  ...queueing(parts),
  resilience: { breaker: false, maxConcurrent: 3, maxBodyMemory: '1MiB' },
});

const trio = setTrio(queueing, kinds);
let other: RunningGateway | undefined;
beforeAll(async () => {
  other = await startGateway(trioConfig(trio.at, kinds, impatient));
});
afterAll(() => other?.stop());

const shedding = (): RunningGateway => {
  if (other === undefined) throw new Error('it has not been started');
  return other;
};

/** A request that says its name. */
const named = (gateway: { url: string }, name: string, { model = 'one', key = 'rk-open', signal }: { model?: string; key?: string; signal?: AbortSignal } = {}): Promise<Seen> =>
  post(gateway, model, { messages: [{ role: 'user', content: name }] }, { key, ...(signal && { signal }) });

/** The names of requests, in the order in which a provider got them. */
const namesAt = (requests: readonly RecordedRequest[]): string[] =>
  requests.map(({ body }) => (JSON.parse(body.toString()) as { messages: { content: string }[] }).messages[0]?.content ?? '');

/** Waits until so many wait for a place in the gateway. */
const untilWaiting = (count: number, labels: Readonly<Record<string, string>> = {}): Promise<number> =>
  eventually(
    () => metricSum(trio.gateway, 'remora_requests_waiting', labels),
    (waiting) => waiting === count,
  );

/** Sends requests one after the other, so that they wait in this order. */
async function queue(names: readonly string[], key: string): Promise<Promise<Seen>[]> {
  const waiting = await metricSum(trio.gateway, 'remora_requests_waiting');
  const sent: Promise<Seen>[] = [];
  for (const [index, name] of names.entries()) {
    sent.push(named(trio.gateway, name, { key }));
    await untilWaiting(waiting + index + 1);
  }
  return sent;
}

/** Takes all places with requests that the provider answers when it is told to. */
async function fill(): Promise<{ done: Promise<Seen[]> }> {
  const done = Promise.all(Array.from({ length: 4 }, () => named(trio.gateway, 'first')));
  await eventually(
    () => trio.at.one.requests.length,
    (count) => count === 4,
  );
  return { done };
}
