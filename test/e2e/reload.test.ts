import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { createAuthority } from './certificates.ts';
import { eventually, hashOf, keys, startGateway, temporaryFolder, type ConfigData, type RunningGateway } from './gateway.ts';
import { startTlsFront } from './tls-front.ts';

/** Providers by the place where they run. Each has a key of its own and says where it is. */
const places = ['a', 'b', 'c', 'moved'] as const;
type Place = (typeof places)[number];
const keyAt = (place: Place): string => `sk-at-${place}`;

let fakes: Record<Place, FakeProvider>;
let folder: string;
/** Temporary files of what is started. */
let temporary: string;
let gateway: RunningGateway;
let closers: (() => unknown)[];

beforeAll(async () => {
  const started = await Promise.all(
    places.map(async (place) => [place, await startFakeOpenAI({ apiKey: keyAt(place), journalSize: 100_000 })] as const),
  );
  fakes = Object.fromEntries(started) as Record<Place, FakeProvider>;
});
afterAll(() => Promise.all(Object.values(fakes).map((fake) => fake.stop())));
beforeEach(() => {
  folder = temporaryFolder();
  temporary = join(folder, 't');
  mkdirSync(temporary);
  closers = [];
  for (const place of places) {
    fakes[place].clear();
    fakes[place].behaveAlways({ say: { text: `I am ${place}.` }, eventDelayMs: 3 });
  }
});
afterEach(async () => {
  for (const close of closers.toReversed()) await close();
});

const start = async (config: ConfigData, args: string[] = []): Promise<void> => {
  gateway = await startGateway(config, { folder, args, env: { TMPDIR: temporary } });
  closers.push(gateway.stop);
};

/** A provider of the config that runs at a place. */
const at = (place: Place, more: ConfigData = {}): ConfigData => ({ kind: 'openai', baseUrl: fakes[place].url, apiKey: keyAt(place), ...more });
const to = (provider: string, weight = 1): ConfigData => ({ provider, model: 'gpt-5-mini', weight });

const config = (providers: ConfigData, models: ConfigData): ConfigData => ({
  providers,
  models,
  tenants: { open: { keys: [{ name: 'test', hash: hashOf(keys.open) }] } },
});

interface Answer {
  status: number;
  text: string;
  complete: boolean;
}

/** One request, and all of its answer. */
async function ask(model: string, stream = false): Promise<Answer> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.open}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Where are you?' }] }),
  });
  const text = await response.text();
  return { status: response.status, text, complete: stream ? text.includes('data: [DONE]') : text.trimEnd().endsWith('}') };
}

/** The place that an answer comes from: streams cut its words. */
const placeIn = ({ text }: Answer): Place | undefined => {
  const said = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, piece]) => piece).join('');
  return places.find((place) => said.includes(`I am ${place}.`));
};

const hashOfFile = (): string =>
  createHash('sha256')
    .update(readFileSync(join(folder, 'remora.yaml')))
    .digest('hex')
    .slice(0, 12);

/** Rewrites the config and waits until it is in force. */
async function change(next: ConfigData | string): Promise<void> {
  gateway.rewrite(next);
  const hash = hashOfFile();
  await eventually(gateway.configReport, (report) => report.hash === hash && report.lastError === undefined);
}

/** Rewrites the config and waits until it is refused; gives the reasons. */
async function refusedChange(next: ConfigData | string): Promise<readonly string[]> {
  const before = (await gateway.configReport()).lastError?.at;
  gateway.rewrite(next);
  const { lastError } = await eventually(gateway.configReport, (report) => report.lastError !== undefined && report.lastError.at !== before);
  return lastError?.problems ?? [];
}

/** The clusters that Envoy is given now. */
function clustersInFile(): string[] {
  const run = readdirSync(temporary).find((name) => name.startsWith('remora-')) ?? '';
  const { resources } = JSON.parse(readFileSync(join(temporary, run, 'clusters.json'), 'utf8')) as { resources: { name: string }[] };
  return resources.map(({ name }) => name.replace(/\..*/, '')).toSorted();
}

describe('under a steady load of JSON and streams', () => {
  /** Places that may answer: those of the configs which were in force at some time between a request's beginning and its end. */
  const possible: Place[][] = [];
  let firstPossible: number;

  /** Keeps asking until the load is ended; gives what went wrong, and how many requests there were from each place. */
  function load(model: string) {
    let running = true;
    const wrong: unknown[] = [];
    const answered = new Map<Place | undefined, number>();
    closers.push(() => (running = false)); // also where the test fails
    async function client(number: number): Promise<void> {
      for (let count = number; running; count += 1) {
        const from = firstPossible;
        const answer = await ask(model, count % 2 === 0).catch((error: unknown) => ({ status: 0, text: String(error), complete: false }));
        const place = placeIn(answer);
        const allowed = possible.slice(from).flat();
        answered.set(place, (answered.get(place) ?? 0) + 1);
        if (answer.status !== 200 || !answer.complete || place === undefined || !allowed.includes(place)) wrong.push({ ...answer, place, allowed });
      }
    }
    const clients = Array.from({ length: 8 }, (_, number) => client(number));
    return {
      wrong,
      answered,
      async end() {
        running = false;
        await Promise.all(clients);
      },
    };
  }

  /** Answers that have come from a place since. */
  async function untilAnswered(answered: ReadonlyMap<Place | undefined, number>, place: Place, more = 20): Promise<void> {
    const before = answered.get(place) ?? 0;
    await eventually(
      () => answered.get(place) ?? 0,
      (now) => now >= before + more,
    );
  }

  test('providers come, change, move and go, a file breaks and is mended, and no request fails or meets the wrong provider', async () => {
    const one = config({ one: at('a') }, { m: { targets: [to('one')] } });
    possible.splice(0, possible.length, ['a']);
    firstPossible = 0;
    await start(one);
    const { wrong, answered, end } = load('m');
    /** Has another config in force in which these places answer. */
    const step = async (next: ConfigData, answering: Place[]): Promise<void> => {
      possible.push(answering);
      await change(next);
      firstPossible = possible.length - 1;
      for (const place of answering) await untilAnswered(answered, place);
    };

    await untilAnswered(answered, 'a');
    // A provider is added, weights change.
    await step(config({ one: at('a'), two: at('b') }, { m: { targets: [to('one'), to('two')] } }), ['a', 'b']);
    await step(config({ one: at('a'), two: at('b') }, { m: { targets: [to('one', 1), to('two', 3)] } }), ['a', 'b']);
    // One moves: its new key belongs to the new address, the old one to the old.
    await step(config({ one: at('moved'), two: at('b') }, { m: { targets: [to('one'), to('two')] } }), ['moved', 'b']);
    // One goes.
    await step(config({ one: at('moved') }, { m: { targets: [to('one')] } }), ['moved']);
    await eventually(clustersInFile, (clusters) => clusters.length === 1);
    // The file breaks, and is mended to what it was, and to something else.
    const { hash, number } = await gateway.configReport();
    const good = readFileSync(join(folder, 'remora.yaml'), 'utf8');
    const problems = await refusedChange(good.replace('"models"', '\n"modles"'));
    expect(problems.join('\n')).toMatch(/remora\.yaml:2:\d+ modles/);
    await untilAnswered(answered, 'moved');
    expect(await gateway.configReport()).toMatchObject({ hash, number });
    gateway.rewrite(good);
    await eventually(gateway.configReport, (report) => report.lastError === undefined);
    await step(config({ one: at('moved'), three: at('c') }, { m: { targets: [to('three')], fallback: ['n'] }, n: { targets: [to('one')] } }), ['c']);
    await end();

    expect(wrong).toEqual([]);
    const all = [...answered.values()].reduce((sum, count) => sum + count, 0);
    expect(all).toBeGreaterThan(200);
    for (const place of places) {
      const { requests } = fakes[place];
      expect(requests.filter(({ headers }) => headers.authorization !== `Bearer ${keyAt(place)}`)).toEqual([]);
      expect(requests.length).toBe(answered.get(place));
    }
    const report = await gateway.configReport();
    expect(report).toEqual({ hash: hashOfFile(), number: number + 1, loadedAt: expect.any(String) });
    expect([...(await gateway.metric('remora_config_info'))]).toEqual([[`hash="${report.hash}"`, 1]]);
    expect(Object.fromEntries(await gateway.metric('remora_config_reloads'))).toEqual({
      'result="applied"': 5,
      'result="refused"': 1,
      'result="unchanged"': 1,
    });
    expect(gateway.output()).toContain(`config ${report.number} (${report.hash}) is in force`);
    expect(gateway.output()).toMatch(/the changed config cannot be used: \S*remora\.yaml:2:\d+ modles/);
  });
});

/** A provider that answers nothing before it is told to, and then a 503. */
async function heldProvider(): Promise<{ url: string; asked: Promise<void>; fail(): void }> {
  const asked = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const server: Server = createServer((request, response) => {
    request.resume();
    asked.resolve();
    void told.promise.then(() => response.writeHead(503).end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked: asked.promise, fail: told.resolve };
}

test('a request that is under way when the config changes falls back along the chain that it began with', async () => {
  const held = await heldProvider();
  const first = { kind: 'openai', baseUrl: held.url, apiKey: 'sk-held' };
  const models = { m: { targets: [to('first')], fallback: ['n'] }, n: { targets: [to('second')] } };
  await start(config({ first, second: at('a') }, models));
  const answer = ask('m');
  await held.asked;
  await change(config({ first: at('c'), second: at('moved') }, models));
  expect(placeIn(await ask('m'))).toBe('c');
  // Its clusters are still there, beside the new ones of the same names.
  expect(clustersInFile()).toEqual(['p_first', 'p_first', 'p_second', 'p_second']);
  held.fail();
  expect(placeIn(await answer)).toBe('a');
  expect(fakes.a.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${keyAt('a')}`]);
  expect(fakes.moved.requests).toEqual([]);
  await eventually(clustersInFile, (clusters) => clusters.length === 2);
});

test('a running stream goes on when its provider goes', async () => {
  await start(config({ one: at('a'), two: at('b') }, { m: { targets: [to('one')] }, n: { targets: [to('two')] } }));
  fakes.a.behaveAlways({ say: { text: `${'word '.repeat(60)}I am a.` }, eventDelayMs: 30 });
  const arrived = fakes.a.nextRequest();
  const answer = ask('m', true);
  await arrived;
  await change(config({ two: at('b') }, { n: { targets: [to('two')] } }));
  await eventually(clustersInFile, (clusters) => clusters.length === 1);
  expect(fakes.a.requests[0]?.bytesWritten).toBeGreaterThan(0);
  expect(await answer).toMatchObject({ status: 200, complete: true });
  expect(placeIn(await answer)).toBe('a');
});

describe('what a config names changes too', () => {
  test('another content of a file with a key is used', async () => {
    writeFileSync(join(folder, 'key'), 'sk-that-is-refused');
    await start(config({ one: at('a', { apiKey: 'file:key' }) }, { m: { targets: [to('one')] } }));
    expect(await ask('m')).toMatchObject({ status: 502 }); // the account is set aside for it
    const { hash } = await gateway.configReport();
    writeFileSync(join(folder, 'key'), keyAt('a'));
    expect(await eventually(gateway.configReport, ({ number }) => number === 2)).toMatchObject({ hash });
    expect(placeIn(await ask('m'))).toBe('a');
  });

  test('other root certificates are used', async () => {
    const [ours, theirs] = [createAuthority('Ours'), createAuthority('Theirs')];
    const front = await startTlsFront(ours.issue({ names: ['localhost'] }), fakes.a.port);
    closers.push(front.stop);
    writeFileSync(join(folder, 'roots.pem'), theirs.root);
    await start(config({ one: at('a', { baseUrl: `https://localhost:${front.port}/v1`, caFile: 'roots.pem' }) }, { m: { targets: [to('one')] } }));
    expect(await ask('m')).toMatchObject({ status: 503 });
    writeFileSync(join(folder, 'roots.pem'), ours.root);
    await eventually(gateway.configReport, ({ number }) => number === 2);
    expect(placeIn(await ask('m'))).toBe('a');
  });
});

describe('the config of before stays in force, and the reason is told, when', () => {
  const sound = (): ConfigData => config({ one: at('a') }, { m: { targets: [to('one')] } });

  beforeEach(() => start(sound()));

  async function expectUnchanged(): Promise<void> {
    expect(placeIn(await ask('m'))).toBe('a');
    expect(await gateway.configReport()).toMatchObject({ number: 1 });
  }

  test('fields change that need a restart', async () => {
    const problems = await refusedChange({ ...sound(), listen: '127.0.0.1:1', cors: { origins: ['*'] } });
    expect(problems).toEqual(['listen, cors changed: restart Remora to apply that']);
    await expectUnchanged();
  });

  test('Envoy does not accept a cluster', async () => {
    writeFileSync(join(folder, 'roots.pem'), 'no certificate');
    const two = at('b', { baseUrl: 'https://127.0.0.1:1/v1', caFile: 'roots.pem' });
    const [problem] = await refusedChange(config({ one: at('a'), two }, { m: { targets: [to('two')] } }));
    expect(problem).toMatch(/^Envoy does not accept .*certificate/i);
    expect(clustersInFile()).toEqual(['p_one']);
    await expectUnchanged();
  });

  test('the file is gone; and it comes back', async () => {
    rmSync(join(folder, 'remora.yaml'));
    const { lastError } = await eventually(gateway.configReport, (report) => report.lastError !== undefined);
    expect(lastError?.problems).toEqual([expect.stringMatching(/remora\.yaml does not exist/)]);
    await expectUnchanged();
    gateway.rewrite(sound());
    await eventually(gateway.configReport, (report) => report.lastError === undefined);
    await expectUnchanged();
  });
});

test('on SIGHUP it tries at once, and tells again what is wrong', async () => {
  await start(config({ one: at('a') }, { m: { targets: [to('one')] } }));
  await refusedChange('nonsense: true');
  const complaints = (): number => gateway.output().split('the changed config cannot be used: ').length;
  const before = complaints();
  gateway.process.kill('SIGHUP');
  await eventually(complaints, (now) => now > before);
  await change(config({ one: at('b') }, { m: { targets: [to('one')] } }));
  gateway.process.kill('SIGHUP');
  await eventually(
    () => gateway.metric('remora_config_reloads'),
    (counts) => counts.get('result="unchanged"') === 1,
  );
  expect(placeIn(await ask('m'))).toBe('b');
});

test('a demo follows its config, with the same key', async () => {
  const model = (name: string): ConfigData => ({
    providers: { openai: { kind: 'openai', apiKey: '${REMORA_TEST_UNSET}' } },
    models: { [name]: { targets: [to('openai')] } },
  });
  await start(model('before'), ['--demo']);
  const printed = await eventually(gateway.output, (text) => text.includes('Stop with Ctrl-C')); // which comes after that it is ready
  const key = /KEY=(\S+)/.exec(printed)?.[1] ?? '';
  const statusOf = async (name: string): Promise<number> =>
    (
      await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: name, messages: [{ role: 'user', content: 'Hello' }] }),
      })
    ).status;
  expect(await statusOf('before')).toBe(200);
  gateway.rewrite({
    ...model('after'),
    providers: { openai: { kind: 'openai', apiKey: '${REMORA_TEST_UNSET}' }, anthropic: { kind: 'anthropic', apiKey: '${REMORA_TEST_UNSET}' } },
  });
  await eventually(gateway.configReport, ({ number }) => number === 2);
  expect([await statusOf('before'), await statusOf('after')]).toEqual([404, 200]);
});
