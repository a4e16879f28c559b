import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { startSurroundings, type Surroundings } from './beyond-chat.ts';
import { eventually, hashOf } from './gateway.ts';
import { streamReaders, type StreamReader } from './stopped-readers.ts';

// A budget that is spent in the middle of a stream. A token costs a milli-dollar; a stream reserves a thousand of output to begin with, and then more and more until there is none.

const price = { input: 1000, output: 1000 };
const capabilities = { reasoning: false }; // what a model thinks in secret is reserved in full
const dollars = 1.5;

const target = (provider: string, model: string) => ({ targets: [{ provider, model, price, capabilities }] });
const models = {
  gpt: target('openai', 'gpt-4o-mini'),
  claude: target('anthropic', 'claude-haiku-4-5'),
  gemini: target('gemini', 'gemini-2.5-flash'),
  bedrock: target('bedrock', 'eu.anthropic.claude-haiku-4-5-20251001-v1:0'),
  instruct: target('openai', 'gpt-3.5-turbo-instruct'),
};
type Model = keyof typeof models;

/** The model whose provider speaks the client's protocol, and one whose provider does not. */
const served: Readonly<Record<StreamReader['protocol'], readonly [own: Model, other: Model]>> = {
  'openai-chat': ['gpt', 'claude'],
  'openai-completions': ['instruct', 'claude'],
  'openai-responses': ['gpt', 'gemini'],
  'anthropic-messages': ['claude', 'gpt'],
  'gemini-generate': ['gemini', 'bedrock'],
  'bedrock-converse': ['bedrock', 'gpt'],
};

const cases = streamReaders.flatMap((reader) => served[reader.protocol].map((model) => ({ name: reader.name, model, reader, tenant: '' })));
for (const [index, each] of cases.entries()) each.tenant = `sdk-${index}`;

const tenant = (name: string) => ({ keys: [{ name: 'test', hash: hashOf(`rk-${name}`) }], budget: { amount: dollars, per: 'month' } });
const plain = ['stays', 'silent', 'short', 'array'];
const tenants = Object.fromEntries([...cases.map((each) => each.tenant), ...plain].map((name) => [name, tenant(name)]));

let around: Surroundings;
let fakes: Readonly<Record<Model, FakeProvider>>;
beforeAll(async () => {
  around = await startSurroundings({ models, tenants });
  const { world, fakes: others } = around;
  fakes = { gpt: world.openai, instruct: world.openai, claude: world.anthropic, gemini: others.gemini, bedrock: others.bedrock };
});
afterAll(() => around.stop());

const word = 'word ';
const longText = word.repeat(8000);
/** Says more than anybody is let have, and never ends. */
const story: Behaviour = { say: { text: longText }, writeBytes: 1000, eventDelayMs: 1, break: { how: 'stall', after: 7000 } };

/** The one entry of a tenant. */
async function entryOf(name: string): Promise<Record<string, unknown>> {
  const entries = await eventually(
    async () => (await around.gateway.entries()).filter((entry) => entry['tenant'] === name),
    ({ length }) => length > 0,
  );
  expect(entries).toHaveLength(1);
  return entries[0] ?? {};
}

/** The provider is not asked for more than the client was let have: its answer was broken off. */
const expectLeft = (fake: FakeProvider): Promise<unknown> =>
  eventually(
    () => fake.requests.at(-1)?.aborted,
    (aborted) => aborted === true,
  );

test.for(cases)(
  '$name shows its own error where the budget is spent in mid-stream, and the provider is left ($model)',
  async ({ model, reader, tenant: name }) => {
    fakes[model].behave(story);
    const read = await reader.read({ url: around.gateway.url, key: `rk-${name}` }, model);
    expect(read.error).toSatisfy(reader.isTyped);
    expect(read.text.length).toBeGreaterThan(1000);
    expect(read.text.length).toBeLessThan(10_000);
    expect(longText.startsWith(read.text)).toBe(true);
    if (reader.tellsUsage === 'always') expect(read.outputTokens).toBeGreaterThan(300);
    await expectLeft(fakes[model]);
    const entry = await entryOf(name);
    expect(entry).toMatchObject({ ended: 'failed', status: 200, estimated: 1 });
    expect(entry['output_tokens']).toBeGreaterThan(300);
  },
);

/** A client that reads whatever comes, and never leaves. */
async function readAll(model: Model, name: string): Promise<{ text: string; isBroken: boolean }> {
  const response = await fetch(`${around.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer rk-${name}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Tell me a long story.' }] }),
  });
  expect(response.status).toBe(200);
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes as Uint8Array, { stream: true });
    return { text, isBroken: false };
  } catch {
    return { text, isBroken: true };
  }
}

describe('a client who stays', () => {
  test('hears nothing more after its end, and is cut off together with the provider that goes on', async () => {
    fakes.gpt.behave({ say: { text: longText }, writeBytes: 200, eventDelayMs: 1 });
    const { text: body, isBroken } = await readAll('gpt', 'stays');
    expect(isBroken).toBe(true);
    expect(body).toMatch(/"code":"budget-exceeded"\}\}\n\n$/);
    await expectLeft(fakes.gpt);
    expect(await entryOf('stays')).toMatchObject({ ended: 'failed', estimated: 1 });
    const failures = [...(await around.gateway.metric('remora_attempts_total')).keys()].map((labels) => /failure="(\w*)"/.exec(labels)?.[1]);
    expect(failures).toContain('left'); // not the provider's fault: no breaker hears of it
    expect(failures).not.toContain('reset');
  });

  test('is cut off likewise from a provider that says nothing any more', async () => {
    fakes.gpt.behave({ say: { text: longText }, break: { how: 'stall', after: 1500 } });
    const { text: body, isBroken } = await readAll('gpt', 'silent');
    expect(isBroken).toBe(true);
    expect(body).toMatch(/"code":"budget-exceeded"\}\}\n\n$/);
    await expectLeft(fakes.gpt);
  });

  test('gets a whole body where the provider ends soon, and what the provider counted is booked', async () => {
    const usage = { prompt_tokens: 50, completion_tokens: 4000, total_tokens: 4050 };
    fakes.gpt.behave({ say: { text: word.repeat(2000), usage } });
    const { text: body, isBroken } = await readAll('gpt', 'short');
    expect(isBroken).toBe(false);
    expect(body).toMatch(/"code":"budget-exceeded"\}\}\n\n$/);
    expect(await entryOf('short')).toMatchObject({ ended: 'failed', input_tokens: 50, output_tokens: 4000, estimated: 0 });
  });
});

test('a stream that is one JSON array ends as one', async () => {
  fakes.gemini.behave({ say: { text: word.repeat(2000) } });
  const response = await fetch(`${around.gateway.url}/v1beta/models/gemini:streamGenerateContent`, {
    method: 'POST',
    headers: { 'x-goog-api-key': 'rk-array', 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Tell me a long story.' }] }] }),
  });
  const items = (await response.json()) as Record<string, unknown>[];
  expect(items.at(-2)).toMatchObject({ usageMetadata: { candidatesTokenCount: expect.any(Number) } });
  expect(items.at(-1)).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ reason: 'budget-exceeded' }] } });
});
