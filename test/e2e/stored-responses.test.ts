import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashOf, keys, openaiClient, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';

const rival = 'rk-rival';

let world: World;
let gateway: RunningGateway;
let client: OpenAI;

beforeAll(async () => {
  world = await startWorld({
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
