import Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '@google/genai';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { googleClient, post } from './beyond-chat.ts';
import { chat, many, setFleet, tally, tenant, type Asking, type Told } from './fleet.ts';
import { anthropicClient, keys, openaiClient } from './gateway.ts';
import { rejection } from './sdks.ts';

const european = 'rk-european';
const frankfurt = 'rk-frankfurt';
const clinic = 'rk-clinic';
const nowhere = 'rk-nowhere';

/** A classifier, which runs somewhere that nobody has said. */
const classifier = createServer((request, response) => {
  asked += 1;
  request.resume().once('end', () => response.end('{"score":0}'));
});
let asked = 0;
beforeAll(() => new Promise<void>((resolve) => classifier.listen(0, '127.0.0.1', resolve)));
afterAll(() => void classifier.close());

const fleet = setFleet({ us: 'openai', eu: 'openai', moon: 'openai', house: 'vllm' }, ({ to, providers }) => {
  const filter = { inspect: 'errors' };
  return {
    providers: {
      us: { ...providers.us, residency: 'us', region: 'us-east-1' },
      eu: { ...providers.eu, residency: 'eu', region: 'eu-central-1', ...filter },
      moon: providers.moon, // nobody has said where it is
      house: { ...providers.house, residency: 'eu', selfHosted: true },
    },
    models: {
      any: { strategy: 'priority', targets: [to('us'), to('moon'), to('eu')], fallback: ['house'] },
      spread: { targets: [to('us'), to('moon'), to('eu')] },
      sticky: { sticky: 'user', targets: [to('us'), to('moon'), to('eu')] },
      us: { targets: [to('us')], fallback: ['moon'] },
      moon: { targets: [to('moon')] },
      eu: { targets: [to('eu')] },
      house: { targets: [to('house')] },
      filtered: { targets: [to('eu')], fallbackFor: { 'content-filter': ['us', 'house'] } },
      mirrored: { targets: [to('eu')], mirror: { model: 'us', share: '100%', tenant: 'open' } },
      auto: { auto: { simple: 'us', hard: 'us' } },
      asking: {
        auto: { simple: 'eu', hard: 'eu', classifier: { url: `http://127.0.0.1:${(classifier.address() as AddressInfo).port}/`, timeout: '5s' } },
      },
      compared: { experiment: { name: 'e', by: 'user', variants: ['us', 'moon'].map((model) => ({ name: model, model })) } },
      embed: { strategy: 'priority', targets: [to('us', { model: 'text-embedding-3-small' }), to('eu', { model: 'text-embedding-3-small' })] },
      'embed-us': { targets: [to('us', { model: 'text-embedding-3-small' })] },
    },
    tenants: {
      open: tenant(keys.open),
      european: tenant(european, { residency: ['eu'], passThrough: true }),
      frankfurt: tenant(frankfurt, { regions: ['eu-central-1'] }),
      nowhere: tenant(nowhere, { residency: ['eu'], regions: ['us-east-1'] }),
      clinic: tenant(clinic, { privacy: { redact: ['email', 'us-ssn'], keepInHouse: ['us-ssn'], keepIn: { email: ['eu'] } } }),
    },
    rules: [
      { name: 'abroad', when: 'headers["x-go"] == "us"', use: 'us' },
      { name: 'abroad-after', when: 'headers["x-go"] == "us-after"', fallback: ['us'] },
    ],
    passThrough: { provider: 'us' },
  };
});

const ask = (model: string, key: string, asking: Asking = {}): Promise<Told> => chat(fleet.gateway, model, { key, ...asking });
const failing = (...names: ('us' | 'eu' | 'moon' | 'house')[]): void =>
  names.forEach((name) => fleet.fakes[name].behaveAlways({ refuse: { status: 503 } }));
const abroad = (): [number, number] => [fleet.counts().us, fleet.counts().moon];

/** Every way that the config has of sending a request abroad, each for a chat that may not go there. */
const detours: [way: string, model: string, asking: Asking][] = [
  ['the model alone', 'us', {}],
  ['a provider that does not say where it is', 'moon', {}],
  ['a rule', 'eu', { headers: { 'x-go': 'us' } }],
  ['an auto model', 'auto', {}],
  ['an experiment', 'compared', { more: { user: 'u' } }],
  ['a stream', 'us', { stream: true }],
];

describe('residency', () => {
  test('passes by what is elsewhere, and fallbacks obey it too', async () => {
    expect(await ask('any', keys.open)).toMatchObject({ by: 'us' });
    fleet.fakes.us.clear();
    expect(await ask('any', european)).toMatchObject({ status: 200, by: 'eu', attempts: '1' });
    failing('eu');
    expect(await ask('any', european)).toMatchObject({ status: 200, by: 'house', attempts: '2' });
    failing('house');
    expect(await ask('any', european)).toMatchObject({ status: 503, by: 'house', attempts: '2' });
    expect(abroad()).toEqual([0, 0]);
  });

  test.each(['spread', 'sticky'])('holds for every request: %s', async (model) => {
    expect(tally(await many(60, (index) => ask(model, european, { more: { user: `u-${index}` } })))).toEqual({ eu: 60 });
  });

  test.each(detours)('no way leads round it: %s', async (_, model, asking) => {
    const refused = await ask(model, european, asking);
    expect(refused).toMatchObject({ status: 403, error: 'not-permitted', attempts: null });
    expect(refused.body).toMatch(/the provider's residency is (us|not known), and it must be eu/);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(abroad()).toEqual([0, 0]);
  });

  test('a rule’s fallback, and one for a kind of failure, obey it', async () => {
    failing('eu');
    expect(await ask('eu', european, { headers: { 'x-go': 'us-after' } })).toMatchObject({ status: 503, by: 'eu', attempts: '1' });
    fleet.fakes.eu.behaveAlways({
      refuse: { status: 400, body: { error: { message: 'No.', type: 'invalid_request_error', code: 'content_filter' } } },
    });
    expect(await ask('filtered', european)).toMatchObject({ status: 200, by: 'house', attempts: '2' });
    expect(abroad()).toEqual([0, 0]);
    expect(await ask('filtered', keys.open)).toMatchObject({ status: 200, by: 'us', attempts: '2' });
  });

  test('a copy is made only where the request may go', async () => {
    const copied = fleet.fakes.us.nextRequest();
    await ask('mirrored', european, { text: 'The European one' });
    await ask('mirrored', keys.open, { text: 'The open one' });
    expect((await copied).body.toString()).toContain('The open one');
    expect(fleet.counts().us).toBe(1);
  });

  test('a region, and both together', async () => {
    expect(await ask('any', frankfurt)).toMatchObject({ status: 200, by: 'eu' });
    const house = await ask('house', frankfurt);
    expect(house).toMatchObject({ status: 403, error: 'not-permitted' });
    expect(house.body).toContain("the provider's region is not known, and it must be eu-central-1");
    expect(await ask('any', nowhere)).toMatchObject({ status: 403, error: 'not-permitted' });
    expect(abroad()).toEqual([0, 0]);
  });

  test('holds for what is no chat', async () => {
    const embed = (model: string) => post(fleet.gateway, '/v1/embeddings', { model, input: 'Hello' }, european);
    expect((await embed('embed')).headers.get('x-remora-deployment')).toBe('eu/text-embedding-3-small');
    expect((await embed('embed-us')).status).toBe(403);
    const count = await post(fleet.gateway, '/v1/messages/count_tokens', { model: 'us', messages: [{ role: 'user', content: 'Hello' }] }, european);
    expect(count.headers.has('x-remora-deployment')).toBe(false); // it may be estimated here
    expect(abroad()).toEqual([0, 0]);
  });

  test('holds for calls that are passed through', async () => {
    const images = (headers: Record<string, string> = {}) =>
      fetch(`${fleet.gateway.url}/v1/images/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${european}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'gpt-image-1', prompt: 'A remora' }),
      });
    const refused = await images();
    expect([refused.status, refused.headers.get('x-remora-error')]).toEqual([403, 'not-permitted']);
    expect((await images({ 'x-remora-model': 'us' })).status).toBe(403);
    expect(abroad()).toEqual([0, 0]);
    expect((await images({ 'x-remora-model': 'eu' })).status).toBe(200);
    expect(fleet.counts().eu).toBe(1);
  });

  test('holds for a classifier: what it is asked is the request’s own text, and nobody has said where it runs', async () => {
    asked = 0;
    expect(await ask('asking', keys.open)).toMatchObject({ status: 200, by: 'eu' });
    expect(asked).toBe(1);
    expect(await ask('asking', european)).toMatchObject({ status: 200, by: 'eu' });
    expect(await ask('asking', clinic, { text: 'My number is 078-05-1120.' })).toMatchObject({ status: 403 });
    expect(asked).toBe(1);
  });
});

describe('personal data', () => {
  const ssn = 'My social security number is 536-90-4399.';
  const email = 'My address is bob@example.com.';

  test('that must stay in the house goes only to what is run there', async () => {
    expect(await ask('any', clinic)).toMatchObject({ status: 200, by: 'us' });
    fleet.fakes.us.clear();
    for (const stream of [false, true])
      expect(await ask('any', clinic, { text: ssn, stream })).toMatchObject({ status: 200, by: 'house', attempts: '1' });
    failing('house');
    expect(await ask('any', clinic, { text: ssn })).toMatchObject({ status: 503, by: 'house', attempts: '1' });
    const refused = await ask('spread', clinic, { text: ssn });
    expect(refused).toMatchObject({ status: 403, error: 'not-permitted' });
    expect(refused.body).toContain('not self-hosted');
    expect(fleet.counts()).toMatchObject({ us: 0, moon: 0, eu: 0 });
  });

  test('that must stay in a place goes only there, and to the house where both are found', async () => {
    expect(await ask('any', clinic, { text: email })).toMatchObject({ status: 200, by: 'eu' });
    failing('eu');
    expect(await ask('any', clinic, { text: email })).toMatchObject({ status: 200, by: 'house', attempts: '2' });
    expect(await ask('any', clinic, { text: `${email} ${ssn}` })).toMatchObject({ status: 200, by: 'house', attempts: '1' });
    expect(abroad()).toEqual([0, 0]);
  });
});

describe('the refusal is each SDK’s own error:', () => {
  const messages = [{ role: 'user' as const, content: 'Hello' }];

  test('openai', async () => {
    const error = await rejection(openaiClient(fleet.gateway, european).chat.completions.create({ model: 'us', messages }));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: 'not-permitted', type: 'permission_error', param: 'model' });
  });

  test('@anthropic-ai/sdk', async () => {
    const error = await rejection(anthropicClient(fleet.gateway, european).messages.create({ model: 'us', max_tokens: 10, messages }));
    expect(error).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, error: { type: 'error', error: { type: 'permission_error', code: 'not-permitted' } } });
  });

  test('@google/genai', async () => {
    const error = await rejection(googleClient(fleet.gateway, european).models.generateContent({ model: 'us', contents: 'Hello' }));
    expect(error).toBeInstanceOf(ApiError);
    expect(JSON.parse(error.message)).toMatchObject({
      error: { code: 403, status: 'PERMISSION_DENIED', details: expect.arrayContaining([expect.objectContaining({ reason: 'not-permitted' })]) },
    });
  });
});
