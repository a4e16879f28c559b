import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { eventually, freePort, type ConfigData } from './gateway.ts';
import { sdks } from './sdks.ts';
import { answeredBy, ask, entriesOf, metricSum, post, setTrio, untilIdle } from './trio.ts';

/** What becomes of an attempt at a provider of this name, as the metrics have it. */
interface Outcome {
  name: string;
  behaviour?: Behaviour;
  /** Where it cannot be reached. */
  baseUrl?: string;
  status: string;
  failure: string;
  /** What a model needs for it. */
  model?: ConfigData;
  /** Only streams can fail so. */
  stream?: true;
}

const closed = await freePort();

const outcomes: Outcome[] = [
  { name: 'refused', baseUrl: `http://127.0.0.1:${closed}`, status: '0', failure: 'connect' },
  { name: 'unresolvable', baseUrl: 'http://nowhere.invalid', status: '0', failure: 'dns' },
  { name: 'untrusted', baseUrl: '', status: '0', failure: 'tls' }, // http where https is spoken
  { name: 'reset', behaviour: { break: { how: 'reset', after: 'nothing' } }, status: '0', failure: 'reset' },
  { name: 'closed', behaviour: { break: { how: 'close', after: 'nothing' } }, status: '0', failure: 'reset' },
  {
    name: 'hanging',
    behaviour: { break: { how: 'stall', after: 'nothing' } },
    status: '0',
    failure: 'timeout',
    model: { timeouts: { headers: '300ms' } },
  },
  { name: 'limited', behaviour: { refuse: { status: 429 } }, status: '429', failure: '' },
  { name: 'forbidden', behaviour: { refuse: { status: 403 } }, status: '403', failure: '' },
  { name: 'failing', behaviour: { refuse: { status: 500 } }, status: '500', failure: '' },
  {
    name: 'overloaded',
    behaviour: { errorEvent: { after: 1, status: 529 } },
    status: '5..',
    failure: '',
    model: { commit: 'first-token' },
    stream: true,
  },
  { name: 'empty', behaviour: { say: { text: '' } }, status: '502', failure: '', model: { commit: 'first-token' } },
  {
    name: 'silent',
    behaviour: { break: { how: 'stall', after: 'headers' } },
    status: '0|200',
    failure: 'timeout',
    model: { timeouts: { firstToken: '300ms' } },
    stream: true,
  },
];

const trio = setTrio(({ provider, target }) => ({
  providers: Object.fromEntries(
    outcomes.map(({ name, baseUrl }) => {
      const elsewhere = baseUrl === '' ? `https://127.0.0.1:${new URL(String(provider('one')['baseUrl'])).port}` : baseUrl;
      return [name, provider('one', elsewhere === undefined ? {} : { baseUrl: elsewhere })];
    }),
  ),
  models: Object.fromEntries(
    outcomes.map(({ name, model = {} }) => [name, { targets: [target('one', { provider: name })], fallback: ['three'], ...model }]),
  ),
}));

/** How many attempts at a provider have ended so far, by how: `status failure` and a count. */
async function attemptsAt(name: string): Promise<[string, number][]> {
  const series = await trio.gateway.metric('remora_attempts_total');
  return [...series].flatMap(([labels, count]): [string, number][] => {
    if (!labels.includes(`deployment="${name}/gpt-5-mini",account="default"`)) return [];
    const [, status = '', failure = ''] = /status="(\d+)",failure="(\w*)"/.exec(labels) ?? [];
    return [[`${status} ${failure}`, count]];
  });
}

describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
  test.each(outcomes.filter((outcome) => stream || outcome.stream === undefined))(
    '$name: the attempt is counted as what it was, and the next one, too',
    async (outcome) => {
      const { name, behaviour } = outcome;
      if (behaviour !== undefined) trio.at.one.behaveAlways(behaviour);
      const before = new Map(await attemptsAt(name));
      const goodBefore = await metricSum(trio.gateway, 'remora_attempts_total', { deployment: 'three/gpt-4.1-mini', status: '200' });
      for (const sdk of sdks) expect(answeredBy(await ask(trio.gateway, name, { stream }, { sdk }))).toEqual(['three', 2]);
      const counted = await eventually(
        async () => (await attemptsAt(name)).map(([how, count]) => [how, count - (before.get(how) ?? 0)] as const).filter(([, count]) => count > 0),
        (seen) => seen.reduce((sum, [, count]) => sum + count, 0) === 2,
      );
      expect(counted).toEqual([[expect.stringMatching(new RegExp(`^(${outcome.status}) ${outcome.failure}$`)), 2]]);
      await eventually(
        () => metricSum(trio.gateway, 'remora_attempts_total', { deployment: 'three/gpt-4.1-mini', status: '200' }),
        (good) => good === goodBefore + 2,
      );
    },
  );
});

test('the ledger has how many attempts each took, and who was paid', async () => {
  await untilIdle(trio.gateway);
  const all = await trio.gateway.entries();
  // An attempt that we broke off is billed by its provider, and an entry of its own.
  const [billed, entries] = [all.filter(({ kind }) => kind === 'attempt'), all.filter(({ kind }) => kind === 'exchange')];
  expect(billed.length).toBeGreaterThan(0);
  for (const entry of billed) expect(entry).toMatchObject({ attempts: 1, ended: 'failed', estimated: 1, output_tokens: 0 });
  expect(entries.length).toBeGreaterThan(2 * outcomes.length);
  for (const entry of entries)
    expect(entry).toMatchObject({ attempts: 2, deployment: 'three/gpt-4.1-mini', status: 200, ended: 'complete', estimated: 0 });
});

test('a client that leaves is not the provider’s failure', async () => {
  trio.at.one.behaveAlways({ break: { how: 'stall', after: 'nothing' } });
  const leaving = new AbortController();
  const arriving = trio.at.one.nextRequest();
  const asking = post(trio.gateway, 'one', {}, { signal: leaving.signal });
  asking.catch(() => {});
  await arriving;
  leaving.abort();
  await eventually(
    () => attemptsAt('one'),
    (seen) => seen.length > 0,
  );
  expect(await attemptsAt('one')).toEqual([['0 left', 1]]);
});

test('nor is one that hangs up on the last word of a stream: that attempt was good', async () => {
  trio.at.three.behaveAlways({ say: { text: 'one' }, eventDelayMs: 50 }); // the end of the body comes as long after the last event
  const labels = { deployment: 'three/gpt-4.1-mini', status: '200' };
  const [good, left] = await Promise.all(['', 'left'].map((failure) => metricSum(trio.gateway, 'remora_attempts_total', { ...labels, failure })));
  const entries = await entriesOf(trio.gateway, async () => {
    for (const sdk of sdks) expect((await ask(trio.gateway, 'three', { stream: true }, { sdk })).text).toBe('one');
  });
  expect(entries).toMatchObject([{ ended: 'complete' }, { ended: 'complete' }]);
  await eventually(
    () => metricSum(trio.gateway, 'remora_attempts_total', labels),
    (sum) => sum === Number(good) + Number(left) + 2,
  );
  expect(await metricSum(trio.gateway, 'remora_attempts_total', { ...labels, failure: '' })).toBe(Number(good) + 2);
});
