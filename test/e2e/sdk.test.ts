import { describe, expect, test } from 'vitest';
import { anthropicClient, openaiClient } from './gateway.ts';
import { openaiSdk, pairs, say } from './sdks.ts';
import { extended, setStage } from './stage.ts';

const stage = setStage((world) => extended(world, { models: { 'gpt-4': { targets: [{ provider: 'openai', model: 'gpt-4.1-mini' }] } } }));

/** The body of the one request that reached a provider. */
function sent(provider: 'openai' | 'anthropic'): Record<string, unknown> {
  expect(stage.world[provider].requests).toHaveLength(1);
  return JSON.parse(stage.world[provider].requests[0]?.body.toString() ?? '') as Record<string, unknown>;
}

const greeting = { openai: 'Hello from the demo OpenAI (gpt-5-mini)', anthropic: 'Hello from the demo Anthropic (claude-haiku-4-5)' } as const;

describe.each(pairs)('$client to $provider', ({ sdk, provider, model }) => {
  const isOpenAI = sdk === openaiSdk;
  const word = (openai: string, anthropic: string): string => (isOpenAI ? openai : anthropic);

  describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
    test('a question is answered by the provider of the model', async () => {
      const { text, finish, calls } = await sdk.ask(stage.gateway, say(model, 'Grüße, Zoë 🎈 "quoted" \\ \u2028', { stream }));
      expect(text).toBe(`${greeting[provider]}. You said: "Grüße, Zoë 🎈 "quoted" \\ \u2028"`);
      expect(finish).toBe(word('stop', 'end_turn'));
      expect(calls).toEqual([]);
    });

    test('a conversation arrives turn by turn', async () => {
      const { text } = await sdk.ask(stage.gateway, {
        model,
        stream,
        system: 'Be brief.',
        turns: [{ user: 'One' }, { answer: { text: 'Two', calls: [] } }, { user: 'Three' }],
      });
      expect(text).toContain('You said: "Three"');
      const system = isOpenAI || provider === 'openai' ? [{ role: 'system', content: 'Be brief.' }] : [];
      const turns = [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Two' },
        { role: 'user', content: 'Three' },
      ];
      const body = sent(provider);
      expect(body['messages']).toEqual(provider === 'openai' ? [...system, ...turns] : turns);
      if (provider === 'anthropic') expect(body['system']).toBe('Be brief.');
    });

    test('usage comes in full, cached and reasoning tokens included', async () => {
      stage.world.openai.behave({
        say: {
          text: 'Counted.',
          usage: {
            prompt_tokens: 100,
            completion_tokens: 20,
            total_tokens: 120,
            prompt_tokens_details: { cached_tokens: 40 },
            completion_tokens_details: { reasoning_tokens: 5 },
          },
        },
      });
      stage.world.anthropic.behave({
        say: {
          text: 'Counted.',
          usage: {
            input_tokens: 50,
            cache_read_input_tokens: 40,
            cache_creation_input_tokens: 10,
            output_tokens: 20,
            output_tokens_details: { thinking_tokens: 5 },
          },
        },
      });
      const more = isOpenAI && stream ? { stream_options: { include_usage: true } } : {};
      const { usage } = await sdk.ask(stage.gateway, say(model, 'Count', { stream, more }));
      const written = provider === 'anthropic' ? 10 : 0;
      expect(usage).toMatchObject(
        isOpenAI
          ? {
              prompt_tokens: 100,
              completion_tokens: 20,
              total_tokens: 120,
              prompt_tokens_details: { cached_tokens: 40 },
              completion_tokens_details: { reasoning_tokens: 5 },
            }
          : {
              input_tokens: 60 - written,
              cache_read_input_tokens: 40,
              cache_creation_input_tokens: written,
              output_tokens: 20,
              output_tokens_details: { thinking_tokens: 5 },
            },
      );
    });

    test('an output limit arrives, and says that it cut the answer', async () => {
      const { text, finish } = await sdk.ask(stage.gateway, say(model, 'Hello', { stream, maxTokens: 3 }));
      expect(text).toBe(greeting[provider].slice(0, text.length));
      expect(finish).toBe(word('length', 'max_tokens'));
      expect(sent(provider)).toMatchObject(provider === 'openai' ? { max_completion_tokens: 3 } : { max_tokens: 3 });
    });

    test('a stop sequence arrives, and ends the answer', async () => {
      const { text, finish, ...rest } = await sdk.ask(
        stage.gateway,
        say(provider === 'openai' ? 'gpt-4' : 'claude', 'Hello', { stream, stop: [' You said'] }),
      );
      expect(text).toMatch(/^Hello from the demo \w+ \([\w.-]+\)\.$/);
      // OpenAI does not say which sequence it met, or that it met one.
      expect(finish).toBe(word('stop', provider === 'anthropic' ? 'stop_sequence' : 'end_turn'));
      expect(rest.headers.has('x-remora-warnings')).toBe(false);
      expect(sent(provider)).toMatchObject(provider === 'openai' ? { stop: [' You said'] } : { stop_sequences: [' You said'] });
    });

    test('a refusal says so', async () => {
      stage.world[provider].behave({ say: { refusal: 'I would rather not.' } });
      const { text, finish } = await sdk.ask(stage.gateway, say(model, 'Hello', { stream }));
      if (!isOpenAI) expect({ text, finish }).toEqual({ text: 'I would rather not.', finish: 'refusal' });
      else if (provider === 'anthropic') expect({ text, finish }).toEqual({ text: 'I would rather not.', finish: 'content_filter' });
      else expect({ text, finish }).toEqual({ text: '', finish: 'stop' }); // its own field has the text
    });

    test('an image by its address arrives', async () => {
      const { text } = await sdk.ask(stage.gateway, {
        model,
        stream,
        turns: [],
        more: { messages: [{ role: 'user', content: image(isOpenAI, 'https://example.com/cat.png') }] },
      });
      expect(text).toContain('You said: "What is this?"');
      expect(sent(provider)['messages']).toEqual([{ role: 'user', content: image(provider === 'openai', 'https://example.com/cat.png') }]);
    });

    test('an image in base64 arrives', async () => {
      await sdk.ask(stage.gateway, { model, stream, turns: [], more: { messages: [{ role: 'user', content: image(isOpenAI, pixel) }] } });
      expect(sent(provider)['messages']).toEqual([{ role: 'user', content: image(provider === 'openai', pixel) }]);
    });
  });

  test('a stream comes in many pieces', async () => {
    const texts: string[] = [];
    for await (const text of sdk.texts(stage.gateway, say(model))) texts.push(text);
    expect(texts.join('')).toBe(`${greeting[provider]}. You said: "Hello there"`);
    expect(texts.length).toBeGreaterThan(5);
  });

  test('the ids that the SDK shows are those of the gateway', async () => {
    for (const stream of [false, true]) {
      const { headers, requestId } = await sdk.ask(stage.gateway, say(model, 'Hello', { stream }));
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-remora-request-id')).toBe(requestId);
      expect(headers.get('x-remora-provider-request-id')).toMatch(/^req_demo_\d+$/);
    }
  });

  test('the response names the deployment and the attempts', async () => {
    const { headers } = await sdk.ask(stage.gateway, say(model));
    expect(headers.get('x-remora-deployment')).toBe(provider === 'openai' ? 'openai/gpt-5-mini' : 'anthropic/claude-haiku-4-5');
    expect(headers.get('x-remora-attempts')).toBe('1');
  });

  test("nothing of the provider's own headers passes", async () => {
    for (const stream of [false, true]) {
      const { headers } = await sdk.ask(stage.gateway, say(model, 'Hello', { stream }));
      expect([...headers.keys()].filter((name) => !clientHeaders.has(name))).toEqual([]);
    }
  });

  test('sampling options arrive', async () => {
    const deployment = provider === 'openai' ? 'gpt-4' : 'claude';
    // The version of Anthropic's API that its SDK names has no such options; older ones have.
    const options = { headers: { 'anthropic-version': '2023-06-01' } };
    const { headers } = await sdk.ask(stage.gateway, say(deployment, 'Hello', { more: { temperature: 0.25 } }), options);
    expect(sent(provider)).toMatchObject({ temperature: 0.25 });
    expect(headers.has('x-remora-warnings')).toBe(false);
    await sdk.ask(stage.gateway, say(deployment, 'Hello', { more: { top_p: 0.5 } }), options);
    expect(JSON.parse(stage.world[provider].requests[1]?.body.toString() ?? '')).toMatchObject({ top_p: 0.5 });
  });

  test('the end user is named to the provider', async () => {
    const { headers } = await sdk.ask(
      stage.gateway,
      say(model, 'Hello', { more: isOpenAI ? { user: 'user-7' } : { metadata: { user_id: 'user-7' } } }),
    );
    expect(sent(provider)).toMatchObject(provider === 'openai' ? { user: 'user-7' } : { metadata: { user_id: 'user-7' } });
    expect(headers.has('x-remora-warnings')).toBe(false);
  });
});

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A question about an image, as either protocol has it. */
function image(isOpenAI: boolean, picture: string): unknown[] {
  const isUrl = picture.startsWith('https:');
  const text = { type: 'text', text: 'What is this?' };
  if (isOpenAI) return [text, { type: 'image_url', image_url: { url: isUrl ? picture : `data:image/png;base64,${picture}` } }];
  return [text, { type: 'image', source: isUrl ? { type: 'url', url: picture } : { type: 'base64', media_type: 'image/png', data: picture } }];
}

/** All that a client may get to see. */
const clientHeaders = new Set([
  'cache-control',
  'content-length',
  'content-type',
  'date',
  'request-id',
  'server',
  'transfer-encoding',
  'x-remora-cost',
  'x-request-id',
  'x-remora-attempts',
  'x-remora-deployment',
  'x-remora-provider-request-id',
  'x-remora-request-id',
]);

describe('the openai SDK', () => {
  test.each(['gpt', 'claude'])('gets no usage it did not ask for from %s, and the ledger has it all the same', async (model) => {
    const before = (await stage.gateway.entries()).length;
    const stream = await openaiClient(stage.gateway).chat.completions.create({ model, stream: true, messages: [{ role: 'user', content: 'Hello' }] });
    for await (const chunk of stream) {
      expect(chunk.choices).toHaveLength(1);
      expect(chunk.usage ?? null).toBeNull();
    }
    const [entry, ...more] = (await stage.gateway.entries()).slice(before);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ ended: 'complete', estimated: 0 });
    expect(entry?.['output_tokens']).toBeGreaterThan(5);
  });

  test.each(['gpt', 'claude'])('gets usage in one last chunk where it asks %s for it', async (model) => {
    const chunks = [];
    const stream = await openaiClient(stage.gateway).chat.completions.create({
      model,
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Hello' }],
    });
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.filter(({ choices }) => choices.length === 0)).toHaveLength(1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  test.each([
    { model: 'gpt', provider: 'openai' },
    { model: 'claude', provider: 'anthropic' },
  ] as const)('may call its instructions system or developer: $provider', async ({ model, provider }) => {
    await openaiClient(stage.gateway).chat.completions.create({
      model,
      messages: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hello' },
      ],
    });
    if (provider === 'openai') expect(sent(provider)['messages']).toMatchObject([{ role: 'developer' }, { role: 'system' }, { role: 'user' }]);
    else {
      expect(sent(provider)).toMatchObject({
        system: [
          { type: 'text', text: 'Be brief.' },
          { type: 'text', text: 'Be kind.' },
        ],
        messages: [{ role: 'user', content: 'Hello' }],
      });
    }
  });

  test('gets two choices from OpenAI, streamed or not', async () => {
    const body = { model: 'gpt', n: 2, messages: [{ role: 'user' as const, content: 'Hello' }] };
    const { choices, usage } = await openaiClient(stage.gateway).chat.completions.create(body);
    expect(choices.map(({ index, message, finish_reason }) => ({ index, text: message.content, finish_reason }))).toEqual(
      [0, 1].map((index) => ({ index, text: `${greeting.openai}. You said: "Hello"`, finish_reason: 'stop' })),
    );
    const streamed = await openaiClient(stage.gateway)
      .chat.completions.stream({ ...body, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(choices.map(({ message }) => message.content));
    expect(streamed.usage?.completion_tokens).toBe(usage?.completion_tokens);
  });

  test('is told what Anthropic cannot do', async () => {
    const { headers } = await openaiSdk.ask(
      stage.gateway,
      say('claude', 'Hello', {
        more: {
          n: 2,
          seed: 7,
          logprobs: true,
          frequency_penalty: 0.5,
          response_format: { type: 'json_object' },
          prediction: { type: 'content', content: 'x' },
        },
      }),
    );
    const warned = headers.get('x-remora-warnings') ?? '';
    for (const field of ['n', 'seed', 'logprobs', 'frequency_penalty', 'response_format', 'prediction'])
      expect(warned).toMatch(new RegExp(`(^|, )${field} \\(`));
    expect(sent('anthropic')).toEqual({ model: 'claude-haiku-4-5', max_tokens: 4096, messages: [{ role: 'user', content: 'Hello' }] });
  });
});

describe('the Anthropic SDK', () => {
  test('is told what OpenAI cannot do', async () => {
    const { response } = await anthropicClient(stage.gateway)
      .messages.create({
        model: 'gpt',
        max_tokens: 100,
        system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
        messages: [{ role: 'user', content: 'Hello' }],
        inference_geo: 'eu',
        speed: 'fast',
      })
      .withResponse();
    const warned = response.headers.get('x-remora-warnings') ?? '';
    for (const field of ['inference_geo', 'speed', 'messages[0]']) expect(warned).toContain(`${field} (`);
    expect(sent('openai')).toEqual({
      model: 'gpt-5-mini',
      max_completion_tokens: 100,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    });
  });

  test('passes what is Anthropic’s own to Anthropic as it is', async () => {
    const body = {
      max_tokens: 3000,
      system: [{ type: 'text' as const, text: 'Be brief.', cache_control: { type: 'ephemeral' as const } }],
      messages: [{ role: 'user' as const, content: 'Hello' }],
      thinking: { type: 'enabled' as const, budget_tokens: 1024 },
    };
    stage.world.anthropic.behave({ say: { reasoning: 'Let me think about it.', text: 'Hello yourself.' } });
    const message = await anthropicClient(stage.gateway).messages.create({ model: 'claude', ...body });
    expect(sent('anthropic')).toEqual({ model: 'claude-haiku-4-5', ...body });
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Let me think about it.', signature: expect.stringMatching(/./) },
      { type: 'text', text: 'Hello yourself.' },
    ]);
    // The signature came through as it was: the provider takes the block back.
    const next = await anthropicClient(stage.gateway).messages.create({
      model: 'claude',
      ...body,
      messages: [...body.messages, { role: 'assistant', content: message.content }, { role: 'user', content: 'And now?' }],
    });
    expect(next.stop_reason).toBe('end_turn');
  });

  test('sends beta features with their header', async () => {
    await anthropicClient(stage.gateway).beta.messages.create({
      model: 'claude',
      max_tokens: 100,
      betas: ['context-1m-2025-08-07'],
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(stage.world.anthropic.requests[0]).toMatchObject({ headers: { 'anthropic-beta': 'context-1m-2025-08-07' } });
  });
});
