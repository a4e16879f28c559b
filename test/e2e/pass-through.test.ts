import { readFileSync } from 'node:fs';
import { toFile, type OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, hashOf, openaiClient, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';

const keys = { free: 'rk-free', rival: 'rk-rival', closed: 'rk-closed', private: 'rk-guarded', poor: 'rk-paying', broke: 'rk-broke' };

let world: World;
let gateway: RunningGateway;

const tenant = (key: string, more: object = {}) => ({ keys: [{ name: 'test', hash: hashOf(key) }], passThrough: true, ...more });

beforeAll(async () => {
  world = await startWorld({
    passThrough: { provider: 'openai', prices: { images: 0.04 } },
    tenants: {
      free: tenant(keys.free),
      rival: tenant(keys.rival),
      closed: tenant(keys.closed, { passThrough: false }),
      guarded: tenant(keys.private, { privacy: { redact: ['email'] } }),
      paying: tenant(keys.poor, { budget: { amount: 0.1, per: 'month' } }),
    },
  });
  gateway = await startGateway(world.config);
});
afterAll(async () => {
  await gateway.stop();
  await world.stop();
});

const client = (key: string): OpenAI => openaiClient(gateway, key);
const picture = (key: string) => client(key).images.generate({ model: 'gpt-image-1', prompt: 'A remora on a shark' });
const upload = async (key: string) =>
  client(key).files.create({ file: await toFile(Buffer.from('{"custom_id":"1"}\n'), 'batch.jsonl'), purpose: 'batch' });

describe('through the real Envoy, the OpenAI SDK', () => {
  test('makes pictures and is given the provider’s answer; the provider sees our credential, not the client’s', async () => {
    const { data } = await picture(keys.free);
    expect(data?.length).toBeGreaterThan(0);
    const seen = world.openai.requests.at(-1);
    expect(seen?.headers['authorization']).toBe(`Bearer ${world.openai.apiKey}`);
    expect(JSON.stringify(seen?.headers)).not.toContain(keys.free);
  });

  test('sends audio as multipart, byte for byte', async () => {
    const audio = readFileSync('package-lock.json');
    const { text } = await client(keys.free).audio.transcriptions.create({ model: 'whisper-1', file: await toFile(audio, 'speech.wav') });
    expect(typeof text).toBe('string');
    expect(world.openai.requests.at(-1)?.body.includes(audio)).toBe(true);
  });

  test('stores a file, reads it back by the sealed id, uses it in a batch, and deletes it', async () => {
    const file = await upload(keys.free);
    expect(file.id).toMatch(/^rmr1_/);
    expect(await client(keys.free).files.retrieve(file.id)).toMatchObject({ filename: 'batch.jsonl' });
    expect(await (await client(keys.free).files.content(file.id)).text()).toBe('{"custom_id":"1"}\n');
    const batch = await client(keys.free).batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    expect(batch.id).toMatch(/^rmr1_/);
    expect(batch.input_file_id).toMatch(/^rmr1_/);
    expect(await client(keys.free).batches.retrieve(batch.id)).toMatchObject({ object: 'batch' });
    expect(await client(keys.free).files.delete(file.id)).toMatchObject({ deleted: true });
  });

  test('finds nothing under another tenant’s id, or the provider’s own', async () => {
    const file = await upload(keys.free);
    await expect(client(keys.rival).files.retrieve(file.id)).rejects.toMatchObject({ status: 404, code: 'stored-not-found' });
    await expect(client(keys.rival).files.delete(file.id)).rejects.toMatchObject({ status: 404 });
    await expect(
      client(keys.rival).batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' }),
    ).rejects.toMatchObject({ status: 404 });
    const seen = world.openai.requests.length;
    await expect(client(keys.free).files.retrieve('file-1')).rejects.toMatchObject({ status: 404 });
    await expect(client(keys.free).files.list()).rejects.toMatchObject({ status: 404, code: 'unknown-endpoint' });
    expect(world.openai.requests.length).toBe(seen);
  });

  test('is refused where the tenant may not, and where its personal data would leave unread', async () => {
    await expect(picture(keys.closed)).rejects.toMatchObject({ status: 403, code: 'pass-through-refused' });
    await expect(picture(keys.private)).rejects.toMatchObject({ status: 403, code: 'pass-through-refused' });
  });

  test('pays the price that is set for each call until the budget is spent; a kind without a price is refused', async () => {
    await picture(keys.poor);
    await picture(keys.poor);
    await expect(picture(keys.poor)).rejects.toMatchObject({ status: 429, code: 'budget-exceeded' });
    await expect(client(keys.poor).moderations.create({ input: 'x' })).rejects.toMatchObject({ status: 403, code: 'unpriced-model' });
    const { totals } = await eventually(
      () => gateway.ledger(),
      ({ totals: seen }) => seen.get('paying') === 80_000_000,
    );
    expect(totals.get('paying')).toBe(80_000_000);
  });

  test('lists the models of its key, and no others', async () => {
    const names = (await client(keys.free).models.list()).data.map(({ id }) => id);
    expect(names).toEqual(['gpt', 'claude', 'gpt-then-claude', 'claude-then-gpt']);
  });
});
