import { describe, expect, test } from 'vitest';
import { anthropicCountTokens } from '../protocols/anthropic-count-tokens/index.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { rerank } from '../protocols/rerank/index.ts';
import { openai } from '../providers/openai.ts';
import { vertex } from '../providers/vertex.ts';
import type { Capabilities } from './capabilities.ts';
import { capabilitiesOf, lacks } from './capability.ts';
import { deployment, endpoint } from './deployment.fixture.ts';
import type { RequestFeatures } from './features.ts';

const nothing: RequestFeatures = {
  inputTokens: 10,
  maxTokens: undefined,
  stream: false,
  hasImages: false,
  hasDocuments: false,
  hasAudio: false,
  hasTools: false,
  hasJsonSchema: false,
  hasReasoning: false,
  dimensions: undefined,
  messages: 1,
  task: '',
  language: 'und',
  metadata: {},
  user: undefined,
  conversation: '',
};

/** A model that only the config knows. */
const house = (capabilities: Partial<Capabilities> = {}) =>
  deployment(endpoint('house', { provider: { ...openai, pricedAs: undefined } }), 'llama', { capabilities });

/** What is missing for a request of so many bytes. */
const missing = (at: ReturnType<typeof house>, features: Partial<RequestFeatures>, bytes = 1_000_000, protocol: Protocol = openaiChat) =>
  lacks(at, { ...nothing, ...features }, { bytes: Buffer.alloc(bytes), protocol })?.detail;

describe('what a deployment can do', () => {
  test('comes from the catalogue, under the ids of all who serve a model', () => {
    expect(capabilitiesOf(deployment('openai', 'gpt-4o-mini'))).toMatchObject({
      contextTokens: 128_000,
      outputTokens: 16_384,
      images: true,
      audio: false,
    });
  });

  test('comes from the config first', () => {
    const corrected = deployment('openai', 'gpt-4o-mini', { capabilities: { contextTokens: 1000, images: false } });
    expect(capabilitiesOf(corrected)).toMatchObject({ contextTokens: 1000, outputTokens: 16_384, images: false });
  });

  test('is not known of what nobody has written down', () => {
    expect(capabilitiesOf(deployment('openai', 'no-such-model'))).toEqual({});
    expect(capabilitiesOf(house())).toEqual({});
  });

  test('is not in the catalogue for what operators run themselves, whatever they call it', () => {
    expect(capabilitiesOf(deployment(endpoint('house', { selfHosted: true }), 'gpt-4o-mini'))).toEqual({});
  });

  test('is looked up once', () => {
    const at = deployment('openai', 'gpt-4o-mini');
    expect(capabilitiesOf(at)).toBe(capabilitiesOf(at));
  });
});

describe('a deployment', () => {
  test.each([
    ['images', 'hasImages', 'it takes no images'],
    ['documents', 'hasDocuments', 'it takes no documents'],
    ['audio', 'hasAudio', 'it takes no audio'],
    ['tools', 'hasTools', 'it cannot call tools'],
    ['jsonSchema', 'hasJsonSchema', 'it cannot be held to a JSON schema'],
    ['reasoning', 'hasReasoning', 'it does not reason'],
  ] as const)('without %s is told from one with them, and from one of which nobody knows', (capability, feature, detail) => {
    expect(missing(house({ [capability]: false }), { [feature]: true })).toBe(detail);
    expect(missing(house({ [capability]: false }), {})).toBeUndefined();
    expect(missing(house({ [capability]: true }), { [feature]: true })).toBeUndefined();
    expect(missing(house(), { [feature]: true })).toBeUndefined();
  });

  test('that only makes vectors of certain lengths is not asked for others', () => {
    const embedder = house({ dimensions: [256, 512] });
    expect(missing(embedder, { dimensions: 1024 }, 10, openaiEmbeddings)).toBe('it makes no vectors of length 1024, only of 256, 512');
    expect(missing(embedder, { dimensions: 256 }, 10, openaiEmbeddings)).toBeUndefined();
    expect(missing(embedder, {}, 10, openaiEmbeddings)).toBeUndefined();
  });

  test('is not held to its context for many short texts', () => {
    expect(missing(house({ contextTokens: 100 }), { inputTokens: 1000 }, 5000, openaiEmbeddings)).toBeUndefined();
    expect(missing(house({ contextTokens: 100 }), { inputTokens: 1000 }, 5000, rerank)).toBeUndefined();
  });

  test('may count what it could not answer', () => {
    expect(missing(house({ contextTokens: 100 }), { inputTokens: 1000 }, 5000, anthropicCountTokens)).toBeUndefined();
    expect(missing(house({ images: false }), { hasImages: true }, 5000, anthropicCountTokens)).toBe('it takes no images');
  });

  test('asks nothing of the request where nothing limits it', () => {
    const untouchable = new Proxy(nothing, {
      get: (_, name) => {
        throw new Error(`asked for ${String(name)}`);
      },
    });
    const request = { bytes: Buffer.alloc(1_000_000), protocol: openaiChat };
    expect(lacks(house(), untouchable, request)).toBeUndefined();
    expect(
      lacks(house({ images: true, tools: true, audio: true, documents: true, jsonSchema: true, reasoning: true }), untouchable, request),
    ).toBeUndefined();
  });
});

describe('a limit on output', () => {
  const small = deployment('openai', 'gpt-4o-mini');

  test('holds where the request goes to the provider as it is', () => {
    expect(missing(small, { maxTokens: 16_385 })).toBe('it gives at most 16384 output tokens, and 16385 are asked for');
    expect(missing(small, { maxTokens: 16_384 })).toBeUndefined();
    expect(missing(small, { hasReasoning: true })).toBe('it does not reason');
  });

  test('is no hindrance where the request is translated, for that leaves it out', () => {
    expect(missing(small, { maxTokens: 32_000 }, 100, anthropicMessages)).toBeUndefined();
    expect(missing(small, { hasReasoning: true }, 100, anthropicMessages)).toBeUndefined();
  });

  test('of the config always holds', () => {
    expect(missing(house({ outputTokens: 100 }), { maxTokens: 101 }, 10, anthropicMessages)).toBe(
      'it gives at most 100 output tokens, and 101 are asked for',
    );
  });
});

describe('a context', () => {
  const limited = house({ contextTokens: 1000 });

  test('is too short only where the estimate is clearly more', () => {
    expect(missing(limited, { inputTokens: 1100 })).toBeUndefined();
    expect(missing(limited, { inputTokens: 1200 })).toBe('its context of 1000 tokens is less than the input of about 1260');
    expect(lacks(limited, { ...nothing, inputTokens: 1200 }, { bytes: Buffer.alloc(5000), protocol: openaiChat })?.kind).toBe('context-length');
  });

  test('must have room for the output too', () => {
    expect(missing(limited, { inputTokens: 900, maxTokens: 500 })).toBe(
      'its context of 1000 tokens is less than the input of about 945 and the output of 500',
    );
    expect(missing(limited, { inputTokens: 900, maxTokens: 100 })).toBeUndefined();
    expect(missing(house({ contextTokens: 1000, outputTokens: 50 }), { inputTokens: 900, maxTokens: 50 })).toBeUndefined();
  });

  test.each(['gemini-2.5-pro', 'claude-sonnet-4-5', 'eu.anthropic.claude-opus-5'])(
    'of %s needs no room, for it answers until it is full',
    (model) => {
      const capabilities = { contextTokens: 1000 };
      expect(missing(deployment('there', model, { capabilities }), { inputTokens: 900, maxTokens: 500 })).toBeUndefined();
      expect(missing(deployment('there', model, { capabilities }), { inputTokens: 1300, maxTokens: 500 })).toMatch(
        /less than the input of about \d+$/,
      );
    },
  );

  test('is compared with what the model itself makes of a text', () => {
    const capabilities = { contextTokens: 1000 };
    const at = (model: string) => missing(deployment('there', model, { capabilities }), { inputTokens: 1040 });
    expect(at('gpt-5')).toBeUndefined();
    expect(at('claude-opus-5')).toBe('its context of 1000 tokens is less than the input of about 1560');
  });

  test('is long enough for a request of as many bytes, and then no token is counted', () => {
    const uncounted: RequestFeatures = {
      ...nothing,
      maxTokens: 100,
      get inputTokens(): number {
        throw new Error('counted');
      },
    };
    expect(lacks(limited, uncounted, { bytes: Buffer.alloc(900), protocol: openaiChat })).toBeUndefined();
    expect(() => lacks(limited, uncounted, { bytes: Buffer.alloc(901), protocol: openaiChat })).toThrow('counted');
  });
});

test('models of other makers are known at clouds that serve them', () => {
  const claude = deployment(endpoint('vertex', { provider: vertex }), 'claude-haiku-4-5@20251001');
  expect(capabilitiesOf(claude)).toMatchObject({ contextTokens: 200_000, documents: true, audio: false });
});
