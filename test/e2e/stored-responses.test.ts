import type OpenAI from 'openai';
import { toFile } from 'openai';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashOf, keys, openaiClient, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';

const rival = 'rk-rival';

let world: World;
let gateway: RunningGateway;
let client: OpenAI;

beforeAll(async () => {
  world = await startWorld({
    passThrough: { provider: 'openai' },
    tenants: {
      free: { keys: [{ name: 'test', hash: hashOf('rk-free') }], passThrough: true },
      rival: { keys: [{ name: 'test', hash: hashOf(rival) }], passThrough: true },
    },
  });
  gateway = await startGateway(world.config);
  client = openaiClient(gateway, 'rk-free');
});
afterAll(async () => {
  await gateway.stop();
  await world.stop();
});

test('a response is known by a sealed id, and the next one goes on from it', async () => {
  const first = await client.responses.create({ model: 'gpt', input: 'My name is Ada.' });
  expect(first.id).toMatch(/^rmr1_/);
  const second = await client.responses.create({ model: 'gpt', input: 'What is my name?', previous_response_id: first.id });
  expect(second.output_text).toContain('What is my name?');
  const sent = JSON.parse(world.openai.requests.at(-1)?.body.toString() ?? '') as { previous_response_id: string };
  expect(sent.previous_response_id).toMatch(/^resp_/);
  expect(JSON.stringify(second)).not.toContain(sent.previous_response_id);
});

test('every event of a stream has the sealed id, and the SDK collects it', async () => {
  const stream = client.responses.stream({ model: 'gpt', input: 'Count to three.' });
  const ids = new Set<string>();
  for await (const event of stream) if ('response' in event) ids.add(event.response.id);
  const final = await stream.finalResponse();
  expect([...ids]).toEqual([final.id]);
  expect(final.id).toMatch(/^rmr1_/);
  expect(await client.responses.retrieve(final.id)).toMatchObject({ object: 'response', status: 'completed' });
});

test('it is read and deleted under that id, by its own tenant alone', async () => {
  const { id } = await client.responses.create({ model: 'gpt', input: 'Keep this.' });
  const stranger = openaiClient(gateway, rival);
  await expect(stranger.responses.retrieve(id)).rejects.toMatchObject({ status: 404, code: 'stored-not-found' });
  await expect(stranger.responses.create({ model: 'gpt', input: 'Go on', previous_response_id: id })).rejects.toMatchObject({
    status: 404,
    code: 'stored-not-found',
    param: 'previous_response_id',
  });
  expect(await client.responses.retrieve(id)).toMatchObject({ object: 'response' });
  await client.responses.delete(id);
  await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
});

test('the provider’s own id is nobody’s', async () => {
  await expect(client.responses.create({ model: 'gpt', input: 'Go on', previous_response_id: 'resp_1' })).rejects.toMatchObject({ status: 404 });
});

test('a model that leads to another provider says that it has no such response', async () => {
  const { id } = await client.responses.create({ model: 'gpt', input: 'Hi' });
  await expect(client.responses.create({ model: 'claude', input: 'Go on', previous_response_id: id })).rejects.toMatchObject({
    status: 404,
    message: expect.stringContaining('Ask for the model that made it'),
  });
});

test('what is not stored keeps the provider’s id', async () => {
  const { id } = await openaiClient(gateway, keys.open).responses.create({ model: 'gpt', input: 'Hi', store: false });
  expect(id).toMatch(/^resp_/);
});

test('its items are known by sealed ids too, by which alone they can be named again', async () => {
  const { id, output } = await client.responses.create({ model: 'gpt', input: 'My name is Ada.' });
  const [item] = output;
  expect(item?.id).toMatch(/^rmr1_/);
  const named = {
    model: 'gpt',
    input: [
      { type: 'item_reference' as const, id: item?.id ?? '' },
      { role: 'user' as const, content: 'Go on.' },
    ],
  };
  await client.responses.create(named);
  const sent = JSON.parse(world.openai.requests.at(-1)?.body.toString() ?? '') as { input: { id: string }[] };
  expect(sent.input[0]?.id).toMatch(/^msg_/);
  await expect(openaiClient(gateway, rival).responses.create(named)).rejects.toMatchObject({ status: 404, code: 'stored-not-found' });
  const raw = [{ type: 'item_reference' as const, id: sent.input[0]?.id ?? '' }, ...named.input.slice(1)];
  await expect(client.responses.create({ model: 'gpt', input: raw })).rejects.toMatchObject({ status: 404, param: 'input[0].id' });
  const again = await client.responses.create({ model: 'claude', input: [...(output as ResponseInput), { role: 'user', content: 'Go on.' }] });
  expect(again.output_text).not.toBe('');
  const kept = await client.responses.inputItems.list(id);
  expect(JSON.stringify(await client.responses.retrieve(id))).not.toMatch(/"msg_/);
  expect(JSON.stringify(kept)).not.toMatch(/"msg_/);
});

test('an uploaded file is named in a request by its sealed id', async () => {
  const file = await client.files.create({ file: await toFile(Buffer.from('%PDF-1.4'), 'a.pdf'), purpose: 'user_data' });
  const input = (fileId: string) => [
    {
      role: 'user' as const,
      content: [
        { type: 'input_file' as const, file_id: fileId },
        { type: 'input_text' as const, text: 'Read it.' },
      ],
    },
  ];
  await client.responses.create({ model: 'gpt', input: input(file.id) });
  const sent = world.openai.requests.at(-1)?.body.toString();
  expect(sent).toMatch(/"file_id":"file-/);
  await expect(openaiClient(gateway, rival).responses.create({ model: 'gpt', input: input(file.id) })).rejects.toMatchObject({ status: 404 });
});
