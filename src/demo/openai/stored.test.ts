import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { collect, errorOf } from '../fakes.fixture.ts';
import { startFakeOpenAI } from '../openai.ts';
import type { FakeProvider } from '../server.ts';

let fake: FakeProvider;
let client: OpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI();
  client = new OpenAI({ baseURL: fake.url, apiKey: fake.apiKey, maxRetries: 0 });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const lines = ['{"custom_id":"a"}', '{"custom_id":"b"}'].join('\n');
const upload = async (purpose: OpenAI.FilePurpose = 'batch') => client.files.create({ file: await toFile(Buffer.from(lines), 'in.jsonl'), purpose });

test('lists its models, and shows each', async () => {
  const ids = (await collect(client.models.list())).map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(['gpt-5-mini', 'text-embedding-3-small', 'gpt-3.5-turbo-instruct']));
  expect(await client.models.retrieve('gpt-5-mini')).toMatchObject({ id: 'gpt-5-mini', object: 'model' });
  await expect(client.models.retrieve('gpt-99')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
});

test('keeps a file until it is deleted', async () => {
  const file = await upload();
  expect(file).toMatchObject({ object: 'file', filename: 'in.jsonl', purpose: 'batch', bytes: lines.length });
  expect(await client.files.retrieve(file.id)).toEqual(file);
  expect(await (await client.files.content(file.id)).text()).toBe(lines);
  expect((await collect(client.files.list())).map(({ id }) => id)).toContain(file.id);
  expect(await client.files.delete(file.id)).toMatchObject({ deleted: true });
  await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
});

test('reads a file in a chat once it is uploaded', async () => {
  const { id } = await upload('user_data');
  const ask = (file_id: string) =>
    client.chat.completions.create({
      model: 'gpt-4o',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'file', file: { file_id } },
            { type: 'text', text: 'Hi' },
          ],
        },
      ],
    });
  expect((await ask(id)).choices).toHaveLength(1);
  await expect(ask('file-9')).rejects.toMatchObject({ status: 404 });
});

test('does a batch of what was uploaded for it', async () => {
  const { id } = await upload();
  const batch = await client.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h', metadata: { a: 'b' } });
  expect(batch).toMatchObject({ object: 'batch', status: 'validating', metadata: { a: 'b' } });
  const done = await client.batches.retrieve(batch.id);
  expect(done).toMatchObject({ status: 'completed', request_counts: { total: 2, completed: 2, failed: 0 } });
  const output = await (await client.files.content(done.output_file_id ?? '')).text();
  expect(output.split('\n').map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)).toEqual(['a', 'b']);
  const next = await client.batches.create({ input_file_id: id, endpoint: '/v1/responses', completion_window: '24h' });
  expect((await client.batches.cancel(next.id)).status).toBe('cancelling');
  expect((await collect(client.batches.list())).map((item) => item.id)).toEqual([next.id, batch.id]);
});

test('knows no batch and no file that nobody made', async () => {
  await expect(client.batches.retrieve('batch_9')).rejects.toMatchObject({ status: 404 });
  await expect(client.batches.create({ input_file_id: 'file-9', endpoint: '/v1/responses', completion_window: '24h' })).rejects.toMatchObject({
    status: 400,
  });
  await expect(client.files.delete('file-9')).rejects.toMatchObject({ status: 404 });
});

test('makes images, writes down speech, and finds nothing bad', async () => {
  const image = await client.images.generate({ model: 'gpt-image-1', prompt: 'a cat', n: 2 });
  expect(image.data).toHaveLength(2);
  const file = await toFile(Buffer.from('RIFF'), 'speech.wav');
  expect((await client.audio.transcriptions.create({ file, model: 'whisper-1' })).text).toBe('The demo heard 4 bytes of speech.wav.');
  const { results } = await client.moderations.create({ input: ['x', 'y'] });
  expect(results).toMatchObject([{ flagged: false, categories: { hate: false } }, {}]);
});

test.each([
  ['POST', '/images/generations', '{"prompt":"x"}'],
  ['POST', '/audio/transcriptions', 'x'],
  ['POST', '/moderations', '{"input":"x"}'],
  ['POST', '/files', 'x'],
  ['POST', '/batches', '{}'],
  ['POST', '/embeddings', '{}'],
  ['GET', '/models', undefined],
  ['GET', '/files/file-1/content', undefined],
  ['GET', '/responses/resp_1', undefined],
])('lets nobody in without the key: %s %s', async (method, path, body) => {
  const response = await fetch(fake.url + path, { method, headers: { 'content-type': 'application/json' }, ...(body !== undefined && { body }) });
  expect(await errorOf(response)).toMatchObject({ status: 401, type: 'invalid_request_error' });
});

test.each([
  ['/files', 'no form', 'x'],
  ['/audio/transcriptions', 'half a form', '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'],
])('refuses at %s what is %s', async (path, _name, body) => {
  const headers = { authorization: `Bearer ${fake.apiKey}`, 'content-type': 'multipart/form-data; boundary=b' };
  expect((await fetch(fake.url + path, { method: 'POST', headers, body })).status).toBe(400);
});
