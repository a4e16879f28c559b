import { describe, expect, test } from 'vitest';
import { anthropicClient, keys } from './gateway.ts';
import { openaiSdk, pairs, sdks, type Answer, type Sdk, type Tool, type Turn } from './sdks.ts';
import { setStage } from './stage.ts';

const stage = setStage();

const tool = (name: string, properties: Record<string, unknown> = {}): Tool => ({
  name,
  parameters: { type: 'object', properties, required: Object.keys(properties) },
});
const tools = [tool('get_weather', { city: { type: 'string' } }), tool('get_time', { zone: { type: 'string' } }), tool('now')];

/** Every call answered by the tool's name and its arguments. */
const results = ({ calls }: Answer): Turn => ({ results: calls.map(({ id, name, arguments: given }) => ({ id, text: `${name} of ${given}` })) });

const finishOfCalls = (sdk: Sdk): string => (sdk === openaiSdk ? 'tool_calls' : 'tool_use');

describe.each(pairs)('$client to $provider', ({ sdk, provider, model }) => {
  describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
    test('a tool is called, answered, and called again with the next question', async () => {
      const turns: Turn[] = [{ user: 'Call get_weather for "Paris".' }];
      const question = { model, tools, stream, turns };

      const first = await sdk.ask(stage.gateway, question);
      expect(first).toMatchObject({ text: '', finish: finishOfCalls(sdk), calls: [{ name: 'get_weather', arguments: '{"city":"Paris"}' }] });
      turns.push({ answer: first }, results(first));

      const second = await sdk.ask(stage.gateway, question);
      expect(second.text).toContain('get_weather answered: "get_weather of {"city":"Paris"}"');
      expect(second.calls).toEqual([]);
      turns.push({ answer: second }, { user: 'Now get_time for "Europe/Paris".' });

      const third = await sdk.ask(stage.gateway, question);
      expect(third).toMatchObject({ finish: finishOfCalls(sdk), calls: [{ name: 'get_time', arguments: '{"zone":"Europe/Paris"}' }] });
      expect(third.calls[0]?.id).not.toBe(first.calls[0]?.id);
      turns.push({ answer: third }, results(third));

      const last = await sdk.ask(stage.gateway, question);
      expect(last.text).toContain('get_time answered: "get_time of {"zone":"Europe/Paris"}"');
      expect(last.headers.has('x-remora-warnings')).toBe(false);
      expect(stage.world[provider].requests.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    });

    test('tools called at once keep their ids, their order and their results', async () => {
      const turns: Turn[] = [{ user: 'Call get_weather for "Oslo", get_time for "UTC" and now.' }];
      const question = { model, tools, stream, turns };
      const answer = await sdk.ask(stage.gateway, question);
      expect(answer.calls.map(({ name, arguments: given }) => [name, given])).toEqual([
        ['get_weather', '{"city":"Oslo"}'],
        ['get_time', '{"zone":"UTC"}'],
        ['now', '{}'],
      ]);
      expect(new Set(answer.calls.map(({ id }) => id)).size).toBe(3);
      turns.push({ answer }, { results: answer.calls.toReversed().map(({ id, name }) => ({ id, text: `the result of ${name}` })) });
      const { text } = await sdk.ask(stage.gateway, question);
      for (const { name } of tools) expect(text).toContain(`${name} answered: "the result of ${name}"`);
    });

    test('text before a call comes with it', async () => {
      stage.world[provider].behave({ say: { text: 'Let me see.', toolCalls: [{ name: 'now', arguments: {} }] } });
      const answer = await sdk.ask(stage.gateway, { model, tools, stream, turns: [{ user: 'What time is it?' }] });
      expect(answer).toMatchObject({ text: 'Let me see.', finish: finishOfCalls(sdk), calls: [{ name: 'now' }] });
      const { text } = await sdk.ask(stage.gateway, { model, tools, stream, turns: [{ user: 'What time is it?' }, { answer }, results(answer)] });
      expect(text).toContain('now answered: "now of {}"');
    });

    test('a call without any arguments can be answered', async () => {
      stage.world[provider].behave({ say: { toolCalls: [{ name: 'now', arguments: '' }] } });
      const turns: Turn[] = [{ user: 'What time is it?' }];
      const answer = await sdk.ask(stage.gateway, { model, tools, stream, turns });
      // In one protocol nothing is changed: OpenAI's own empty string stays one.
      expect(answer.calls).toMatchObject([
        { name: 'now', arguments: sdk === openaiSdk && provider === 'openai' ? '' : expect.stringMatching(/^(\{\})?$/) },
      ]);
      const { text } = await sdk.ask(stage.gateway, {
        model,
        tools,
        stream,
        turns: [...turns, { answer }, { results: [{ id: answer.calls[0]?.id ?? '', text: 'noon' }] }],
      });
      expect(text).toContain('now answered: "noon"');
    });
  });

  test('a tool can be demanded, by name or any, one at a time or not at all', async () => {
    const isOpenAI = sdk === openaiSdk;
    const turns = [{ user: 'Call get_weather for "Oslo" and get_time for "UTC".' }];
    const called = async (more: Record<string, unknown>): Promise<string[]> =>
      (await sdk.ask(stage.gateway, { model, tools, turns, more })).calls.map(({ name }) => name);
    expect(await called({ tool_choice: isOpenAI ? { type: 'function', function: { name: 'now' } } : { type: 'tool', name: 'now' } })).toEqual([
      'now',
    ]);
    expect(await called({ tool_choice: isOpenAI ? 'none' : { type: 'none' } })).toEqual([]);
    expect(await called(isOpenAI ? { parallel_tool_calls: false } : { tool_choice: { type: 'auto', disable_parallel_tool_use: true } })).toEqual([
      'get_weather',
    ]);
    const any = await sdk.ask(stage.gateway, {
      model,
      tools,
      turns: [{ user: 'Hello' }],
      more: { tool_choice: isOpenAI ? 'required' : { type: 'any' } },
    });
    expect(any).toMatchObject({ finish: finishOfCalls(sdk), calls: [{ name: 'get_weather' }] });
  });
});

describe.each(sdks)('$name', (sdk) => {
  test.each([{ stream: false }, { stream: true }])('may go on at another provider at every turn: stream $stream', async ({ stream }) => {
    const turns: Turn[] = [{ user: 'Call get_weather for "Paris".' }];
    for (const model of ['gpt', 'claude', 'gpt', 'claude']) {
      const answer = await sdk.ask(stage.gateway, { model, tools, stream, turns });
      turns.push({ answer });
      turns.push(answer.calls.length > 0 ? results(answer) : { user: 'Call get_time for "UTC".' });
    }
    expect(stage.world.openai.requests.map(({ status }) => status)).toEqual([200, 200]);
    expect(stage.world.anthropic.requests.map(({ status }) => status)).toEqual([200, 200]);
    expect(turns.filter((turn) => 'results' in turn)).toHaveLength(2);
  });
});

/** Numbers that a double cannot hold, in an order and with a spelling of their own. */
const exact = '{"z":9007199254740993,"a":-9223372036854775808,"f":1.10,"e":1E400,"s":"\\u00e9\\/"}';

describe('arguments arrive to the letter', () => {
  const openaiCall = { id: 'call_1', type: 'function', function: { name: 'now', arguments: exact } };
  const anthropicCall = `{"type":"tool_use","id":"toolu_1","name":"now","input":${exact}}`;
  const completion = JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: [openaiCall] }, finish_reason: 'tool_calls' }],
  });
  const message = `{"id":"m","type":"message","role":"assistant","model":"m","content":[${anthropicCall}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}`;

  test.each([
    { from: 'openai', model: 'gpt', answer: completion },
    { from: 'anthropic', model: 'claude', answer: message },
  ] as const)('from a JSON answer of $from', async ({ from, model, answer }) => {
    stage.world[from].behaveAlways({ raw: { chunks: [answer] } });
    const { calls } = await openaiSdk.ask(stage.gateway, { model, tools, turns: [{ user: 'What time is it?' }] });
    expect(calls).toMatchObject([{ name: 'now', arguments: exact }]);
    const response = await anthropicClient(stage.gateway)
      .messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content: 'What time is it?' }] })
      .asResponse();
    expect(await response.text()).toContain(`"input":${exact}`); // the SDK itself would round them
  });

  test.each(pairs)('from a stream of $provider to $client', async ({ sdk, provider, model }) => {
    stage.world[provider].behave({ say: { toolCalls: [{ name: 'now', arguments: exact }] }, writeBytes: 7 });
    const { calls } = await sdk.ask(stage.gateway, { model, tools, turns: [{ user: 'What time is it?' }], stream: true });
    expect(calls).toMatchObject([{ name: 'now', arguments: exact }]);
  });

  test.each([
    { to: 'openai', model: 'gpt', expected: JSON.stringify(exact) },
    { to: 'anthropic', model: 'claude', expected: exact },
  ] as const)('in the history that goes to $to', async ({ to, model, expected }) => {
    const answer = { text: '', calls: [{ id: 'call_1', name: 'now', arguments: exact }] };
    await openaiSdk.ask(stage.gateway, {
      model,
      tools,
      turns: [{ user: 'What time is it?' }, { answer }, { results: [{ id: 'call_1', text: 'noon' }] }],
    });
    const anthropicHistory = `{"model":"${model}","max_tokens":9,"tools":[{"name":"now","input_schema":{"type":"object","properties":{"n":{"maximum":9223372036854775807}}}}],"messages":[{"role":"user","content":"What time is it?"},{"role":"assistant","content":[${anthropicCall}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"noon"}]}]}`;
    const response = await fetch(`${stage.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': keys.open, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: anthropicHistory,
    });
    expect(response.status).toBe(200);
    expect(stage.world[to].requests).toHaveLength(2);
    for (const { body } of stage.world[to].requests) expect(body.toString()).toContain(expected);
    expect(stage.world[to].requests[1]?.body.toString()).toContain('"maximum":9223372036854775807');
  });
});

test('a failed tool says so to OpenAI, and its picture is shown', async () => {
  const source = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } as const;
  await anthropicClient(stage.gateway).messages.create({
    model: 'gpt',
    max_tokens: 100,
    tools: [{ name: 'now', input_schema: { type: 'object' } }],
    messages: [
      { role: 'user', content: 'What time is it?' },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'toolu_1', name: 'now', input: {} },
          { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: 'the clock is broken' },
          { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'image', source }] },
          { type: 'text', text: 'Well?' },
        ],
      },
    ],
  });
  const { messages } = JSON.parse(stage.world.openai.requests[0]?.body.toString() ?? '') as { messages: unknown[] };
  expect(messages.slice(2)).toMatchObject([
    { role: 'tool', tool_call_id: 'toolu_1', content: 'Error: the clock is broken' },
    { role: 'tool', tool_call_id: 'toolu_2' },
    { role: 'user', content: [{ type: 'text' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }] },
    { role: 'user', content: 'Well?' },
  ]);
});
