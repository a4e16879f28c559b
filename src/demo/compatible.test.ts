import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compatibleNames, startFakeCompatible, type FlavourName } from './compatible.ts';
import { flavours } from './compatible/flavours.ts';
import type { FakeProvider } from './server.ts';

const fakes = new Map<FlavourName, FakeProvider>();
beforeAll(async () => {
  for (const name of compatibleNames) fakes.set(name, await startFakeCompatible(name, { now: () => 1_700_000_000_000 }));
});
beforeEach(() => {
  for (const fake of fakes.values()) fake.clear();
});
afterAll(async () => {
  for (const fake of fakes.values()) await fake.stop();
});

function fakeOf(name: FlavourName): FakeProvider {
  const fake = fakes.get(name);
  if (fake === undefined) throw new Error(`no fake ${name}`);
  return fake;
}

const modelOf = (name: FlavourName): string => flavours[name].models[0] ?? '';
const messages = [{ role: 'user', content: 'Hello' }] as const;

/** Asks by fetch, with what OpenAI's types do not have. */
async function ask(name: FlavourName, fields: Record<string, unknown> = {}): Promise<{ status: number; text: string }> {
  const fake = fakeOf(name);
  const response = await fetch(`${fake.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${fake.apiKey}` },
    body: JSON.stringify({ model: modelOf(name), messages, ...fields }),
  });
  return { status: response.status, text: await response.text() };
}

async function askJson(name: FlavourName, fields: Record<string, unknown> = {}): Promise<{ status: number; body: Body }> {
  const { status, text } = await ask(name, fields);
  return { status, body: JSON.parse(text) as Body };
}

async function askStream(name: FlavourName, fields: Record<string, unknown> = {}): Promise<{ text: string; chunks: Body[] }> {
  const { text } = await ask(name, { stream: true, ...fields });
  const data = text.split('\n').filter((line) => line.startsWith('data: {'));
  return { text, chunks: data.map((line) => JSON.parse(line.slice(6)) as Body) };
}

interface Body extends Record<string, unknown> {
  id: string;
  choices: { delta: Record<string, unknown>; message: Record<string, unknown>; finish_reason: string | null }[];
  usage?: Record<string, number>;
}

const tool = { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: { city: { type: 'string' } } } } } as const;
const calling = { tools: [tool], messages: [{ role: 'user', content: 'use get_time "Bern"' }] };
const call = (id: string, more: object = {}) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
  ...more,
});
const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'done' });

describe.each(compatibleNames)('%s', (name) => {
  const client = (): OpenAI => new OpenAI({ baseURL: fakeOf(name).url, apiKey: fakeOf(name).apiKey, maxRetries: 0 });
  const sentence = `Hello from the demo ${flavours[name].name} (${modelOf(name)}). You said: "Hello"`;
  const said = (content: unknown): unknown =>
    Array.isArray(content) ? content.flatMap((part: { text?: string }) => part.text ?? []).join('') : content;

  test('answers OpenAI’s client', async () => {
    const { choices, usage } = await client().chat.completions.create({ model: modelOf(name), messages: [...messages] });
    expect(said(choices[0]?.message.content)).toBe(sentence);
    expect(usage?.prompt_tokens).toBeGreaterThan(0);
  });

  test('streams the same words', async () => {
    const stream = await client().chat.completions.create({ model: modelOf(name), messages: [...messages], stream: true });
    let text = '';
    for await (const { choices } of stream) text += String(said(choices[0]?.delta.content ?? ''));
    expect(text).toBe(sentence);
  });

  test('stops at the limit under the name that it knows', async () => {
    const { body } = await askJson(name, { max_tokens: 2 });
    expect(body.choices[0]?.finish_reason).toBe('length');
    expect(body.usage?.['completion_tokens']).toBeLessThanOrEqual(2);
  });

  test('lets nobody in with another key, unless it lets in all', async () => {
    const stranger = new OpenAI({ baseURL: fakeOf(name).url, apiKey: 'other', maxRetries: 0 });
    const asked = stranger.chat.completions.create({ model: modelOf(name), messages: [...messages] });
    if (name === 'ollama') await asked;
    else await expect(asked).rejects.toMatchObject({ status: 401 });
  });

  test('takes back its own calls and what the tools gave', async () => {
    if (name === 'perplexity') return;
    const { body } = await askJson(name, calling);
    const { message } = body.choices[0] ?? {};
    const calls = message?.['tool_calls'] as { id: string }[];
    expect(calls).toHaveLength(1);
    const { status, text } = await ask(name, { tools: [tool], messages: [...calling.messages, message, result(calls[0]?.id ?? '')] });
    expect([status, text]).toEqual([200, expect.stringContaining('get_time answered: \\"done\\"')]);
  });

  test('streams a call whose arguments add up', async () => {
    if (name === 'perplexity') return;
    const { chunks } = await askStream(name, calling);
    const calls = chunks.flatMap(
      ({ choices: [choice] }) => (choice?.delta['tool_calls'] ?? []) as { function: { name?: string; arguments: string } }[],
    );
    expect(calls.map((each) => each.function.arguments).join('')).toBe('{"city":"Bern"}');
    expect(calls[0]?.function.name).toBe('get_time');
  });
});

describe('output limit by its new name', () => {
  const taken = compatibleNames.filter((name) => flavours[name].fields.includes('max_completion_tokens'));

  test('is taken by some, refused by some, and lost on the others', async () => {
    const outcomes = await Promise.all(
      compatibleNames.map(async (name) => {
        const { status, body } = await askJson(name, { max_completion_tokens: 2 });
        return [name, status === 200 ? body.choices[0]?.finish_reason === 'length' : status];
      }),
    );
    const expected = Object.fromEntries(compatibleNames.map((name) => [name, name === 'mistral' ? 422 : taken.includes(name)]));
    expect(Object.fromEntries(outcomes)).toEqual(expected);
    expect(taken.toSorted()).toEqual(['cohere', 'fireworks', 'groq', 'llama.cpp', 'openrouter', 'vllm', 'xai']);
  });
});

const refused: [name: FlavourName, what: string, fields: Record<string, unknown>, status: number][] = [
  ['mistral', 'a field that it does not know', { stream: true, stream_options: { include_usage: true } }, 422],
  ['mistral', 'seed, which is random_seed', { seed: 7 }, 422],
  [
    'mistral',
    'a message’s field that it does not know',
    { messages: [...messages, { role: 'assistant', content: 'Hi', refusal: null }, ...messages] },
    422,
  ],
  ['mistral', 'the role developer', { messages: [{ role: 'developer', content: 'x' }, ...messages] }, 422],
  ['mistral', 'ids of other than nine characters', { messages: [...messages, call('call_1'), result('call_1')] }, 400],
  ['mistral', 'a person after a tool', { messages: [...messages, call('abcdefgh1'), result('abcdefgh1'), ...messages] }, 400],
  ['mistral', 'a tool after a person', { messages: [...messages, result('abcdefgh1')] }, 400],
  ['mistral', 'an assistant as the last', { messages: [...messages, { role: 'assistant', content: 'Hi' }] }, 400],
  ['mistral', 'a medium effort', { reasoning_effort: 'medium' }, 422],
  ['groq', 'logprobs', { logprobs: true }, 400],
  ['groq', 'names', { messages: [{ ...messages[0], name: 'Bob' }] }, 400],
  ['groq', 'two choices', { n: 2 }, 400],
  [
    'groq',
    'reasoning in DeepSeek’s word',
    { messages: [...messages, { role: 'assistant', content: 'Hi', reasoning_content: 'Hm' }, ...messages] },
    400,
  ],
  ['deepseek', 'a call without its reasoning, while it thinks', { model: 'deepseek-v4-pro', messages: [...messages, call('a'), result('a')] }, 400],
  ['deepseek', 'a JSON Schema', { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } }, 400],
  ['xai', 'stop', { stop: ['x'] }, 400],
  ['xai', 'a penalty, even of 0', { presence_penalty: 0 }, 400],
  ['fireworks', 'a field that it does not know', { store: true }, 400],
  [
    'fireworks',
    'reasoning in OpenRouter’s word',
    { messages: [...messages, { role: 'assistant', content: 'Hi', reasoning: 'Hm' }, ...messages] },
    400,
  ],
  ['fireworks', 'both ways to think', { thinking: { type: 'enabled' }, reasoning_effort: 'low' }, 400],
  ['perplexity', 'two turns of a person', { messages: [...messages, ...messages] }, 400],
  [
    'ollama',
    'a picture by its address',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }] },
    400,
  ],
  ['tgi', 'stop as a text', { stop: 'x' }, 422],
  ['cohere', 'a field that it does not know', { store: true }, 422],
  ['cohere', 'strict tools', { tools: [{ ...tool, function: { ...tool.function, strict: true } }] }, 422],
  ['cohere', 'a low effort', { reasoning_effort: 'low' }, 400],
];

test.each(refused)('%s refuses %s', async (name, _, fields, status) => {
  expect((await ask(name, fields)).status).toBe(status);
});

const lenient = compatibleNames.filter((name) => flavours[name].unknownFields === 'ignored');

test.each(lenient)('%s passes over what it does not know', async (name) => {
  expect((await ask(name, { tomorrow: true })).status).toBe(200);
  expect((await ask(name, { messages: [{ ...messages[0], tomorrow: true }] })).status).toBe(200);
});

test.each(compatibleNames)('%s refuses a result that answers no call, unless it cannot tell its calls apart', async (name) => {
  const { status } = await ask(name, { messages: [...messages, result('abcdefgh1')] });
  if (name === 'tgi') expect(status).toBe(200);
  else expect(status).toBe(400);
});

describe('what an error looks like', () => {
  const shapes: Record<FlavourName, unknown> = {
    mistral: { object: 'error', message: expect.any(String), type: 'requests', param: null, code: 'rate_limit_exceeded' },
    groq: { error: { message: expect.any(String), type: 'requests', code: 'rate_limit_exceeded' } },
    deepseek: { error: { message: expect.any(String), type: 'requests', param: null, code: 'rate_limit_exceeded' } },
    xai: { code: 'Status 429', error: expect.any(String) },
    openrouter: { error: { message: expect.any(String), code: 429 } },
    together: { error: { message: expect.any(String), type: 'requests', param: null, code: 'rate_limit_exceeded' } },
    fireworks: { error: { object: 'error', message: expect.any(String), type: 'requests', code: 'rate_limit_exceeded' } },
    perplexity: { error: { message: expect.any(String), type: 'requests', code: 429 } },
    ollama: { error: { message: expect.any(String), type: 'requests', param: null, code: 'rate_limit_exceeded' } },
    vllm: { error: { message: expect.any(String), type: 'TooManyRequestsError', param: null, code: 429 } },
    'llama.cpp': { error: { message: expect.any(String), type: 'requests', code: 429 } },
    tgi: { error: expect.any(String), error_type: 'validation' },
    cohere: { message: expect.any(String) },
  };

  test.each(compatibleNames)('%s', async (name) => {
    fakeOf(name).behave({ refuse: { status: 429 } });
    expect(await askJson(name)).toEqual({ status: 429, body: shapes[name] });
  });

  test('Mistral says where a field is that it does not know', async () => {
    const { body } = await askJson('mistral', { messages: [{ ...messages[0], cache_control: {} }] });
    expect(body).toMatchObject({ message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'messages', 0, 'cache_control'] }] } });
  });

  test('OpenRouter ends a stream with a choice that failed', async () => {
    fakeOf('openrouter').behave({ errorEvent: { after: 2, status: 502 } });
    const { chunks } = await askStream('openrouter');
    expect(chunks.at(-1)).toMatchObject({ error: { code: 502 }, choices: [{ finish_reason: 'error' }] });
  });
});

describe('reasoning', () => {
  const words: Partial<Record<FlavourName, Record<string, unknown>>> = {
    mistral: { reasoning_effort: 'high' },
    groq: { reasoning_effort: 'low' },
    deepseek: { thinking: { type: 'enabled' } },
    xai: { reasoning_effort: 'low' },
    openrouter: { reasoning: { effort: 'low' } },
    together: { reasoning_effort: 'low' },
    fireworks: { reasoning_effort: 'low' },
    ollama: { reasoning_effort: 'low' },
    vllm: { reasoning_effort: 'low' },
    'llama.cpp': { reasoning_effort: 'low' },
  };
  const fields = {
    mistral: 'content',
    deepseek: 'reasoning_content',
    xai: 'reasoning_content',
    fireworks: 'reasoning_content',
    'llama.cpp': 'reasoning_content',
  };

  test.each(Object.entries(words))('%s shows it where a request asks for it', async (key, asking) => {
    const name = key as FlavourName;
    const field = Object.entries(fields).find(([each]) => each === name)?.[1] ?? 'reasoning';
    const { body } = await askJson(name, asking);
    expect(JSON.stringify(body.choices[0]?.message[field])).toContain('Let me think');
    const { chunks } = await askStream(name, asking);
    expect(chunks.filter(({ choices: [choice] }) => choice?.delta[field] !== undefined && choice.delta[field] !== '').length).toBeGreaterThan(3);
    const silent = await askJson(name);
    expect(JSON.stringify(silent.body)).not.toContain('Let me think');
  });

  test('Mistral has it among the parts of the content', async () => {
    const { body } = await askJson('mistral', { reasoning_effort: 'high' });
    expect(body.choices[0]?.message['content']).toEqual([
      { type: 'thinking', thinking: [{ type: 'text', text: 'Let me think about what was said.' }] },
      { type: 'text', text: expect.stringContaining('Hello') },
    ]);
  });

  test('DeepSeek takes a call back with its reasoning, and without where it does not think', async () => {
    const back = (model: string, more: object) => ask('deepseek', { model, messages: [...messages, call('a', more), result('a')] });
    expect((await back('deepseek-v4-pro', { reasoning_content: '' })).status).toBe(200);
    expect((await back('deepseek-chat', {})).status).toBe(200);
  });

  test('xAI leaves it out of the completion tokens', async () => {
    const { body } = await askJson('xai', { reasoning_effort: 'low' });
    const { prompt_tokens = 0, completion_tokens = 0, total_tokens = 0 } = body.usage ?? {};
    const reasoning_tokens = total_tokens - prompt_tokens - completion_tokens;
    expect(reasoning_tokens).toBeGreaterThan(0);
    expect(body.usage).toMatchObject({ completion_tokens_details: { reasoning_tokens } });
  });
});

describe('usage in a stream', () => {
  const asked = { stream_options: { include_usage: true } };
  /** The places of the chunks with usage, counted from the end; those of its own are marked. */
  const places = ({ chunks }: { chunks: Body[] }): string[] =>
    chunks.flatMap(({ usage, choices }, index) => (usage ? [`${choices.length === 0 ? 'own ' : ''}${chunks.length - index}`] : []));

  test.each([
    ['mistral', ['1'], undefined],
    ['groq', ['1'], ['2', 'own 1']],
    ['deepseek', ['1'], ['1']],
    ['xai', ['own 1'], ['own 1']],
    ['openrouter', ['own 1'], ['own 1']],
    ['together', ['1'], ['1']],
    ['fireworks', ['1'], ['1']],
    ['ollama', [], ['own 1']],
    ['vllm', [], ['own 1']],
    ['llama.cpp', [], ['own 1']],
    ['tgi', [], ['own 1']],
    ['cohere', [], ['own 1']],
  ] satisfies [FlavourName, string[], string[] | undefined][])('%s has it at %s, and at %s for those who ask', async (name, unasked, whenAsked) => {
    expect(places(await askStream(name))).toEqual(unasked);
    if (whenAsked) expect(places(await askStream(name, asked))).toEqual(whenAsked);
  });

  test('Groq has it once more under a name of its own', async () => {
    const { chunks } = await askStream('groq');
    expect(chunks[0]).toMatchObject({ x_groq: { id: expect.any(String) } });
    expect(chunks.at(-1)).toMatchObject({ x_groq: { usage: chunks.at(-1)?.usage } });
  });

  test('Perplexity has running totals in each chunk', async () => {
    const { chunks } = await askStream('perplexity');
    const counts = chunks.map(({ usage }) => usage?.['completion_tokens'] ?? -1);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBeGreaterThan(5);
    expect(counts).toHaveLength(chunks.length);
  });
});

describe('streams', () => {
  test('Perplexity’s end without [DONE], but with a word of its own', async () => {
    const { text, chunks } = await askStream('perplexity');
    expect(text).not.toContain('[DONE]');
    expect(chunks.at(-1)).toMatchObject({ object: 'chat.completion.done', choices: [{ finish_reason: 'stop' }] });
  });

  test('OpenRouter’s begin with a comment', async () => {
    expect((await askStream('openrouter')).text).toMatch(/^: OPENROUTER PROCESSING\n\ndata: \{/);
  });

  test('Mistral’s have their calls whole, without an index, with the finish reason', async () => {
    const { chunks } = await askStream('mistral', calling);
    const [choice] = chunks.at(-1)?.choices ?? [];
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', delta: { content: null } });
    expect(choice?.delta['tool_calls']).toEqual([
      { id: expect.stringMatching(/^[a-z0-9]{9}$/), function: { name: 'get_time', arguments: '{"city":"Bern"}' } },
    ]);
  });

  test('TGI’s have no id, and one id for all calls', async () => {
    const { chunks } = await askStream('tgi', {
      ...calling,
      tools: [tool, { ...tool, function: { ...tool.function, name: 'get_weather' } }],
      messages: [{ role: 'user', content: 'use get_time and get_weather' }],
    });
    expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set(['']));
    const ids = chunks.flatMap(({ choices: [choice] }) => (choice?.delta['tool_calls'] ?? []) as { id?: string }[]).flatMap(({ id }) => id ?? []);
    expect(ids).toEqual(['0', '0']);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  test.each([
    ['together', {}, 'eos'],
    ['tgi', { stop: ['demo'] }, 'stop_sequence'],
    ['vllm', { stop: 'demo' }, 'stop'],
  ] satisfies [FlavourName, object, string][])('%s ends, with %j, for the reason %s', async (name, fields, reason) => {
    expect((await askJson(name, { ...fields })).body.choices[0]?.finish_reason).toBe(reason);
    expect((await askStream(name, { ...fields })).chunks.at(-1)?.choices[0]?.finish_reason).toBe(reason);
  });
});
