import Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '@google/genai';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { googleClient, post } from './beyond-chat.ts';
import { chat, setFleet, type Asking, type Told } from './fleet.ts';
import { anthropicClient, openaiClient, type ConfigData } from './gateway.ts';
import { rejection } from './sdks.ts';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const pdf = Buffer.from('%PDF-1.4\n%%EOF').toString('base64');
const says = (...content: object[]): Asking => ({ more: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }, ...content] }] } });
const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
const words = (count: number): string => 'word '.repeat(count);

/** What a deployment cannot do, a request that needs it, and one that only seems to. */
const cases: Record<string, { capabilities: ConfigData; needs: Asking; fine: Asking; why: string }> = {
  images: {
    capabilities: { images: false },
    needs: says({ type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } }),
    fine: { text: `Look at this image: ${png}` },
    why: 'it takes no images',
  },
  documents: {
    capabilities: { documents: false },
    needs: says({ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` } }),
    fine: { text: 'Read my file.' },
    why: 'it takes no documents',
  },
  audio: {
    capabilities: { audio: false },
    needs: says({ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }),
    fine: { text: 'Listen.' },
    why: 'it takes no audio',
  },
  tools: {
    capabilities: { tools: false },
    needs: { more: { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] } },
    fine: { more: { messages: [{ role: 'user', content: 'Use a tool.' }] } },
    why: 'it cannot call tools',
  },
  jsonSchema: {
    capabilities: { jsonSchema: false },
    needs: { more: { response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema } } } },
    fine: { text: 'Answer in JSON.', more: { response_format: { type: 'json_object' } } },
    why: 'it cannot be held to a JSON schema',
  },
  reasoning: {
    capabilities: { reasoning: false },
    needs: { more: { reasoning_effort: 'high' } },
    fine: { text: 'Think hard.' },
    why: 'it does not reason',
  },
  output: {
    capabilities: { outputTokens: 1000 },
    needs: { more: { max_completion_tokens: 1001 } },
    fine: { more: { max_completion_tokens: 1000 } },
    why: 'it gives at most 1000 output tokens, and 1001 are asked for',
  },
  input: {
    capabilities: { contextTokens: 2000 },
    needs: { text: words(3000) },
    fine: { text: words(1500) },
    why: 'its context of 2000 tokens is less than the input of about',
  },
  'input-and-output': {
    capabilities: { contextTokens: 2000 },
    needs: { text: words(1500), more: { max_completion_tokens: 1000 } },
    fine: { text: words(1500), more: { max_completion_tokens: 300 } },
    why: 'its context of 2000 tokens is less than the input of about',
  },
};

const fleet = setFleet({ limited: 'openai', able: 'openai', unknown: 'vllm' }, ({ to }) => ({
  models: {
    ...Object.fromEntries(
      Object.entries(cases).flatMap(([name, { capabilities }]) => {
        const limited = to('limited', { model: 'gpt-5-mini', capabilities });
        const able = to('able', { model: 'gpt-5-mini', capabilities: { audio: true, documents: true } });
        return [
          [name, { strategy: 'priority', targets: [limited, able] }],
          [`${name}-alone`, { targets: [limited] }],
        ] as const;
      }),
    ),
    unknown: { targets: [to('unknown')] },
    'input-falls-back': {
      targets: [to('limited', { capabilities: { contextTokens: 2000 } })],
      fallback: ['unknown'],
      fallbackFor: { 'context-length': ['roomy'] },
    },
    roomy: { targets: [to('able')] },
    known: { strategy: 'priority', targets: [to('limited', { model: 'gpt-4o-mini' }), to('able', { model: 'gpt-5-mini' })] },
    embed: { strategy: 'priority', targets: [to('limited', { model: 'text-embedding-ada-002' }), to('able', { model: 'text-embedding-3-small' })] },
    'embed-fixed': { targets: [to('limited', { model: 'text-embedding-ada-002' })] },
  },
}));

const ask = (model: string, asking: Asking = {}): Promise<Told> => chat(fleet.gateway, model, asking);

describe.each(Object.entries(cases))('%s', (name, { needs, fine, why }) => {
  test('a request that needs it passes by who cannot; any other does not', async () => {
    expect(await ask(name, needs)).toMatchObject({ status: 200, by: 'able', attempts: '1' });
    expect(await ask(name, fine)).toMatchObject({ status: 200, by: 'limited', attempts: '1' });
    expect(fleet.counts()).toMatchObject({ limited: 1, able: 1 });
  });

  test('where nobody can, the refusal says what is missing, and nobody is asked', async () => {
    const refused = await ask(`${name}-alone`, needs);
    expect(refused).toMatchObject({ status: 400, error: 'not-capable', attempts: null });
    expect(refused.body).toContain(why);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(fleet.counts()).toMatchObject({ limited: 0, able: 0 });
  });
});

describe('the catalogue’s knowledge counts where the config says nothing', () => {
  test('of what a model takes at all', async () => {
    expect(await ask('known', { more: { reasoning_effort: 'high' } })).toMatchObject({ status: 200, by: 'able' });
    expect(await ask('known')).toMatchObject({ status: 200, by: 'limited' });
  });

  test('of its context', async () => {
    expect(await ask('known', { text: words(150_000) })).toMatchObject({ status: 200, by: 'able' });
  });

  test('and what nobody knows of is not refused', async () => {
    expect(
      await ask('unknown', { more: { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] } }),
    ).toMatchObject({ status: 200 });
  });
});

test('a request that is too long goes where the model says, and not to its usual fallback', async () => {
  fleet.fakes.limited.behaveAlways({ refuse: { status: 503 } });
  expect(await ask('input-falls-back')).toMatchObject({ status: 200, by: 'unknown', attempts: '2' });
  fleet.fakes.limited.behaveAlways(undefined);
  expect(await ask('input-falls-back', { text: words(3000) })).toMatchObject({ status: 200, by: 'able', attempts: '1' });
});

test('embeddings go where vectors of that length are made', async () => {
  const embed = async (model: string, more: ConfigData = {}): Promise<[number, string | null, unknown]> => {
    const response = await post(fleet.gateway, '/v1/embeddings', { model, input: 'Hello', ...more });
    return [response.status, response.headers.get('x-remora-deployment'), await response.json()];
  };
  expect(await embed('embed', { dimensions: 256 })).toMatchObject([200, 'able/text-embedding-3-small', {}]);
  expect(await embed('embed')).toMatchObject([200, 'limited/text-embedding-ada-002', {}]);
  expect(await embed('embed-fixed', { dimensions: 256 })).toMatchObject([
    400,
    null,
    { error: { code: 'not-capable', message: expect.stringContaining('256') } },
  ]);
});

describe('the refusal is each SDK’s own error:', () => {
  test('openai', async () => {
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } } as const;
    const error = await rejection(
      openaiClient(fleet.gateway).chat.completions.create({ model: 'images-alone', messages: [{ role: 'user', content: [image] }] }),
    );
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      code: 'not-capable',
      type: 'invalid_request_error',
      message: expect.stringContaining('it takes no images'),
    });
  });

  test('openai, by Responses', async () => {
    const image = { type: 'input_image', image_url: `data:image/png;base64,${png}`, detail: 'auto' } as const;
    const error = await rejection(
      openaiClient(fleet.gateway).responses.create({ model: 'images-alone', input: [{ role: 'user', content: [image] }] }),
    );
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, code: 'not-capable', message: expect.stringContaining('it takes no images') });
  });

  test('@anthropic-ai/sdk', async () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } } as const;
    const error = await rejection(
      anthropicClient(fleet.gateway).messages.create({ model: 'images-alone', max_tokens: 10, messages: [{ role: 'user', content: [image] }] }),
    );
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      error: { type: 'error', error: { type: 'invalid_request_error', code: 'not-capable', message: expect.stringContaining('it takes no images') } },
    });
  });

  test('@google/genai', async () => {
    const contents = [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: png } }] }];
    const error = await rejection(googleClient(fleet.gateway).models.generateContent({ model: 'images-alone', contents }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining('it takes no images') });
    expect(JSON.parse(error.message)).toMatchObject({ error: { code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'not-capable' }] } });
  });
});
