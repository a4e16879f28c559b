import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { rejection, say, sdks, type Sdk } from './sdks.ts';
import { answeredBy, ask, entriesOf, places, post, setTrio, untilIdle } from './trio.ts';

/** Takes connections and says nothing: whoever wants to speak TLS there waits in vain. */
async function startMute(): Promise<{ server: Server; port: number }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}).once('close', () => open.delete(socket)));
    socket.resume();
  });
  server.once('close', () => open.forEach((socket) => socket.destroy()));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

const mute = await startMute();
afterAll(() => {
  mute.server.close();
  mute.server.emit('close');
});

const trio = setTrio(({ provider, target, chain }) => ({
  providers: {
    mute: provider('one', { baseUrl: `https://127.0.0.1:${mute.port}`, timeouts: { connect: '400ms' } }),
    'mute-too': provider('one', { baseUrl: `https://127.0.0.1:${mute.port}/too`, timeouts: { connect: '300ms' } }),
  },
  models: {
    unconnected: { targets: [target('one', { provider: 'mute' })], fallback: ['unconnected-too', 'three'] },
    'unconnected-too': { targets: [target('one', { provider: 'mute-too' })] },
    'never-connected': { targets: [target('one', { provider: 'mute' })], fallback: ['unconnected-too'] },
    'between-tokens': chain({ timeouts: { betweenTokens: '400ms' } }),
    total: chain({ timeouts: { total: '900ms', headers: '500ms' } }),
    'total-alone': chain({ timeouts: { total: '600ms' } }),
  },
}));

const text = 'one two three four';
/** Events of each provider's stream up to its second piece of text. */
const upToTwo = { one: 3, two: 5, three: 3 } as const;

test('a connection that does not come about in time leads to the next provider, and at the end to an error', async () => {
  for (const sdk of sdks) {
    expect(answeredBy(await ask(trio.gateway, 'unconnected', { stream: true }, { sdk }))).toEqual(['three', 3]);
    const thrown = await rejection(ask(trio.gateway, 'never-connected', {}, { sdk }));
    expect([thrown['status'], (thrown['headers'] as Headers).get('x-remora-error')]).toEqual([503, 'provider-unreachable']);
  }
});

/** Listens to a stream until it throws; gives what it said. */
async function hear(sdk: Sdk, model: string): Promise<string> {
  let heard = '';
  const thrown = await rejection(
    (async () => {
      for await (const piece of sdk.texts(trio.gateway, say(model))) heard += piece;
    })(),
  );
  expect(thrown).toBeInstanceOf(Error);
  return heard;
}

/** Does the same by every SDK at once. */
const bySdks = <T>(work: (sdk: Sdk) => Promise<T>): Promise<T[]> => Promise.all(sdks.map(work));

test.each(places)(
  'a stream of provider %s that stops in the middle is broken off, its provider let go of, and what was said booked',
  async (place) => {
    const failed = places.indexOf(place);
    trio.fail(failed, { refuse: { status: 503 } });
    trio.at[place].behaveAlways({ say: { text }, break: { how: 'stall', after: upToTwo[place] } });
    const entries = await entriesOf(trio.gateway, async () => {
      expect(await bySdks((sdk) => hear(sdk, 'between-tokens'))).toEqual(['one two', 'one two']);
      await Promise.all(trio.at[place].requests.map(({ closed }) => closed));
    });
    expect(trio.at[place].requests.map(({ aborted }) => aborted)).toEqual([true, true]);
    const entry = { ended: 'cut', status: 200, estimated: 1, attempts: failed + 1, deployment: expect.stringMatching(`^${place}/`) };
    expect(entries).toMatchObject([entry, entry]);
    for (const { output_tokens: tokens } of entries) expect(Number(tokens)).toBeGreaterThan(0);
  },
);

test('a stream whose pieces come slowly but in time is whole', async () => {
  trio.at.one.behaveAlways({ say: { text }, eventDelayMs: 120 }); // a second in all
  for (const answer of await bySdks((sdk) => ask(trio.gateway, 'between-tokens', { stream: true }, { sdk }))) expect(answer.text).toBe(text);
});

test.each([{ stream: false }, { stream: true }])('the time for the whole answer is for all attempts together: stream $stream', async ({ stream }) => {
  trio.fail(3, { break: { how: 'stall', after: 'nothing' } });
  const entries = await entriesOf(trio.gateway, async () => {
    const thrown = await bySdks((sdk) => rejection(ask(trio.gateway, 'total', { stream }, { sdk })));
    for (const { status, headers } of thrown) expect([status, (headers as Headers).get('x-remora-error')]).toEqual([504, 'provider-timeout']);
  });
  expect(trio.asked()).toEqual([2, 2, 0]); // the second is given up when the time is over
  const entry = { ended: 'failed', status: 504, attempts: 2 };
  expect(entries.filter(({ kind }) => kind === 'exchange')).toMatchObject([entry, entry]);
  const billed = { ended: 'failed', reason: 'timeout', estimated: 1 }; // the first attempt's provider has read the request
  expect(entries.filter(({ kind }) => kind === 'attempt')).toMatchObject([billed, billed]);
});

test('an answer within that time is whole, after a fallback too', async () => {
  trio.fail(1, { break: { how: 'stall', after: 'nothing' } });
  for (const answer of await bySdks((sdk) => ask(trio.gateway, 'total', {}, { sdk }))) expect(answeredBy(answer)).toEqual(['two', 2]);
});

test('a stream that is still going on when its time is over is broken off', async () => {
  trio.at.one.behaveAlways({ say: { text: 'word '.repeat(100) }, eventDelayMs: 50 });
  const entries = await entriesOf(trio.gateway, async () => {
    for (const heard of await bySdks((sdk) => hear(sdk, 'total-alone'))) expect(heard).toMatch(/^(word ?)+$/);
    await Promise.all(trio.at.one.requests.map(({ closed }) => closed));
  });
  for (const entry of entries) {
    expect(entry).toMatchObject({ status: 200, attempts: 1, estimated: 1 });
    expect(entry['ended']).not.toBe('complete');
  }
});

test('a client that leaves a stalled stream is noticed at once', async () => {
  trio.at.one.behaveAlways({ say: { text }, break: { how: 'stall', after: 3 } });
  const leaving = new AbortController();
  const arriving = trio.at.one.nextRequest();
  const asking = post(trio.gateway, 'chain', { stream: true }, { signal: leaving.signal });
  asking.catch(() => {});
  const request = await arriving;
  leaving.abort();
  await request.closed;
  expect(request.aborted).toBe(true);
  await untilIdle(trio.gateway);
});
