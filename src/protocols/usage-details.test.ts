import { describe, expect, test } from 'vitest';
import type { Part } from '../llm/part.ts';
import { noUsage, type Usage } from '../llm/usage.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiCompletions } from './openai-completions/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { LocatedPart, Protocol } from './protocol.ts';

type Reader = Pick<Protocol, 'decodeAnswer' | 'createDecoder'>;
type Writer = Pick<Protocol, 'encodeAnswer' | 'createEncoder'>;

const lastUsage = (parts: readonly LocatedPart[]): Usage | undefined => parts.findLast((part) => part.type === 'usage')?.usage;
const inAnswer = ({ decodeAnswer }: Reader, answer: object): Usage | undefined => lastUsage(decodeAnswer(Buffer.from(JSON.stringify(answer))));
const inStream = ({ createDecoder }: Reader, ...events: (readonly [name: string, event: object])[]): Usage | undefined => {
  const decoder = createDecoder();
  return lastUsage(events.flatMap(([name, event]) => decoder.push({ name, data: JSON.stringify(event), raw: Buffer.alloc(0) })));
};

const options = { wantsUsage: true, createdAt: 0 };

/** An answer of nothing but usage, as it is written. */
const partsWith = (usage: Usage): Part[] => [
  { type: 'start', id: 'x', model: 'm' },
  { type: 'text', choice: 0, block: 0, text: 'Hi' },
  { type: 'block-end', choice: 0, block: 0 },
  { type: 'usage', usage },
  { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'stop' } },
];

/** What is read of usage that was written, in a JSON answer and in a stream. */
function thereAndBack(protocol: Reader & Writer, fields: Partial<Usage>): (Partial<Usage> | undefined)[] {
  const parts = partsWith({ ...noUsage, inputTokens: 100, outputTokens: 10, ...fields });
  const decoder = protocol.createDecoder();
  const encoder = protocol.createEncoder(options);
  const events = [...parts, { type: 'end' } as const].flatMap((part) => encoder.push(part));
  const streamed = events.flatMap(({ name = '', data }) => decoder.push({ name, data, raw: Buffer.alloc(0) }));
  const whole = protocol.decodeAnswer(Buffer.from(protocol.encodeAnswer(parts, options)));
  return [lastUsage(whole), lastUsage(streamed)].map(
    (usage) => usage && { cacheWrite1hTokens: usage.cacheWrite1hTokens, serviceTier: usage.serviceTier },
  );
}

describe('what is written to the cache for an hour', () => {
  const counts = { input_tokens: 10, output_tokens: 5, cache_creation_input_tokens: 300 };
  const cache_creation = { ephemeral_1h_input_tokens: 200, ephemeral_5m_input_tokens: 100 };

  test('is part of what is written, at Anthropic', () => {
    const answer = { id: 'x', content: [], usage: { ...counts, cache_creation } };
    expect(inAnswer(anthropicMessages, answer)).toMatchObject({ inputTokens: 310, cacheWriteTokens: 300, cacheWrite1hTokens: 200 });
    expect(inAnswer(anthropicMessages, { ...answer, usage: { ...counts, cache_creation: null } })).toMatchObject({ cacheWrite1hTokens: 0 });
  });

  test('is told in the first event of a stream, and what comes later does not undo it', () => {
    const start = { type: 'message_start', message: { usage: { ...counts, cache_creation } } };
    const delta = { type: 'message_delta', usage: { ...counts, output_tokens: 9 } };
    expect(inStream(anthropicMessages, ['', start], ['', delta])).toMatchObject({ outputTokens: 9, cacheWriteTokens: 300, cacheWrite1hTokens: 200 });
  });

  test('is told by its time to live, at Bedrock', () => {
    const cacheDetails = [
      { ttl: '1h', inputTokens: 200 },
      { ttl: '5m', inputTokens: 100 },
    ];
    const usage = { inputTokens: 10, outputTokens: 5, cacheWriteInputTokens: 300, cacheDetails };
    const output = { message: { role: 'assistant', content: [] } };
    expect(inAnswer(bedrockConverse, { output, usage })).toMatchObject({ cacheWriteTokens: 300, cacheWrite1hTokens: 200 });
    expect(inStream(bedrockConverse, ['metadata', { usage }])).toMatchObject({ cacheWriteTokens: 300, cacheWrite1hTokens: 200 });
  });

  test('is never more than what is written', () => {
    const usage = { input_tokens: 1, cache_creation_input_tokens: 5, cache_creation: { ephemeral_1h_input_tokens: 9 } };
    expect(inAnswer(anthropicMessages, { content: [], usage })).toMatchObject({ cacheWriteTokens: 5, cacheWrite1hTokens: 5 });
    const details = { cacheWriteInputTokens: 5, cacheDetails: [{ ttl: '1h', inputTokens: 9 }, null, { ttl: '1h', inputTokens: -1 }] };
    expect(inStream(bedrockConverse, ['metadata', { usage: details }])).toMatchObject({ cacheWriteTokens: 5, cacheWrite1hTokens: 5 });
  });

  test.each([anthropicMessages, bedrockConverse])('goes out in the words of $name', (protocol) => {
    const some = { cacheWrite1hTokens: 20, serviceTier: '' };
    expect(thereAndBack(protocol, { ...some, cacheWriteTokens: 50 })).toEqual([some, some]);
    expect(thereAndBack(protocol, { ...some, cacheWriteTokens: 20 })).toEqual([some, some]);
  });
});

describe('the tier of service', () => {
  const chat = (fields: object) => ({ choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }], ...fields });
  const usage = { prompt_tokens: 10, completion_tokens: 5 };

  test('stands beside the usage, at OpenAI', () => {
    expect(inAnswer(openaiChat, chat({ usage, service_tier: 'flex' }))?.serviceTier).toBe('flex');
    expect(inAnswer(openaiChat, chat({ usage, service_tier: 'default' }))?.serviceTier).toBe('');
    expect(inAnswer(openaiChat, chat({ usage, service_tier: null }))?.serviceTier).toBe('');
    const text = { choices: [{ index: 0, text: 'Hi', finish_reason: 'stop' }], usage, service_tier: 'flex' };
    expect(inAnswer(openaiCompletions, text)?.serviceTier).toBe('flex');
    const response = { output: [], usage: { input_tokens: 10, output_tokens: 5 }, service_tier: 'priority' };
    expect(inAnswer(openaiResponses, response)?.serviceTier).toBe('priority');
  });

  test('of a stream is the one that its last event names, or one before where that names none', () => {
    const delta = { choices: [{ index: 0, delta: { content: 'Hi' } }] };
    expect(inStream(openaiChat, ['', { ...delta, service_tier: 'flex' }], ['', { choices: [], usage }])?.serviceTier).toBe('flex');
    expect(inStream(openaiChat, ['', { ...delta, service_tier: 'auto' }], ['', { choices: [], usage, service_tier: 'default' }])?.serviceTier).toBe(
      '',
    );
    expect(inStream(openaiChat, ['', { ...delta, service_tier: 'flex' }], ['', { choices: [], usage, service_tier: null }])?.serviceTier).toBe(
      'flex',
    );
    const ended = { usage: { input_tokens: 1, output_tokens: 1 }, output: [], status: 'completed' };
    const begun = ['', { type: 'response.created', response: { id: 'r', service_tier: 'auto' } }] as const;
    expect(inStream(openaiResponses, begun, ['', { type: 'response.completed', response: { ...ended, service_tier: 'flex' } }])?.serviceTier).toBe(
      'flex',
    );
  });

  test('is part of the usage at Anthropic, where the fast speed counts as one', () => {
    const start = { type: 'message_start', message: { usage: { input_tokens: 1, service_tier: 'priority' } } };
    expect(inStream(anthropicMessages, ['', start], ['', { type: 'message_delta', usage: { output_tokens: 9 } }])?.serviceTier).toBe('priority');
    const answer = (fields: object) => ({ content: [], usage: { input_tokens: 1, output_tokens: 1, ...fields } });
    expect(inAnswer(anthropicMessages, answer({ service_tier: 'standard', speed: 'fast' }))?.serviceTier).toBe('fast');
    expect(inAnswer(anthropicMessages, answer({ service_tier: 'batch', speed: 'standard' }))?.serviceTier).toBe('batch');
    expect(inAnswer(anthropicMessages, answer({ service_tier: 'standard' }))?.serviceTier).toBe('');
  });

  test('is one of the Gemini API, or a type of traffic of Vertex AI', () => {
    const answer = (fields: object) => ({ candidates: [{ content: { parts: [] } }], usageMetadata: { promptTokenCount: 1, ...fields } });
    expect(inAnswer(geminiGenerate, answer({ serviceTier: 'flex' }))?.serviceTier).toBe('flex');
    expect(inAnswer(geminiGenerate, answer({ trafficType: 'ON_DEMAND_PRIORITY' }))?.serviceTier).toBe('priority');
    expect(inAnswer(geminiGenerate, answer({ trafficType: 'ON_DEMAND' }))?.serviceTier).toBe('');
    expect(inStream(geminiGenerate, ['', answer({ serviceTier: 'priority' })], ['', answer({ candidatesTokenCount: 2 })])).toMatchObject({
      outputTokens: 2,
      serviceTier: 'priority',
    });
  });

  test('stands beside the usage, at Bedrock', () => {
    const counts = { inputTokens: 1, outputTokens: 1 };
    const output = { message: { role: 'assistant', content: [] } };
    expect(inAnswer(bedrockConverse, { output, usage: counts, serviceTier: { type: 'priority' } })?.serviceTier).toBe('priority');
    expect(inStream(bedrockConverse, ['metadata', { usage: counts, serviceTier: { type: 'flex' } }])?.serviceTier).toBe('flex');
    expect(inStream(bedrockConverse, ['metadata', { usage: counts, serviceTier: { type: 'default' } }])?.serviceTier).toBe('');
  });

  test.each<[Reader & Writer & Pick<Protocol, 'name'>, string]>([
    [openaiChat, 'flex'],
    [openaiResponses, 'priority'],
    [anthropicMessages, 'batch'],
    [anthropicMessages, 'fast'],
    [geminiGenerate, 'flex'],
    [bedrockConverse, 'priority'],
  ])('goes out in the words of $name: %s', (protocol, serviceTier) => {
    const some = { cacheWrite1hTokens: 0, serviceTier };
    expect(thereAndBack(protocol, some)).toEqual([some, some]);
  });

  test.each([openaiChat, openaiResponses, anthropicMessages, geminiGenerate, bedrockConverse])(
    'that $name has no word for is left out',
    (protocol: Reader & Writer) => {
      const usual = { cacheWrite1hTokens: 0, serviceTier: '' };
      expect(thereAndBack(protocol, { serviceTier: 'platinum' })).toEqual([usual, usual]);
    },
  );
});
