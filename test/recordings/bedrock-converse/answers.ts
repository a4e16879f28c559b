import type { ContentBlock, ConverseResponse, StopReason } from '@aws-sdk/client-bedrock-runtime';
import { bytes, wire } from './wire.ts';

const usage: ConverseResponse['usage'] = {
  inputTokens: 10,
  outputTokens: 40,
  totalTokens: 2350,
  cacheReadInputTokens: 2000,
  cacheWriteInputTokens: 300,
  cacheDetails: [{ ttl: '1h', inputTokens: 300 }],
};

const answer = (content: ContentBlock[], stopReason: StopReason, more: Partial<ConverseResponse> = {}) =>
  wire({ output: { message: { role: 'assistant', content } }, stopReason, usage, metrics: { latencyMs: 812 }, ...more } satisfies ConverseResponse);

/** JSON answers as Bedrock sends them, by what is in them. */
export const answers = {
  text: answer([{ text: 'Grüße aus 東京 👩‍🚀' }], 'end_turn'),
  'parallel tools': answer(
    [
      { text: 'I look both up.' },
      { toolUse: { toolUseId: 'tooluse_A', name: 'get_weather', input: { city: 'Paris' } } },
      { toolUse: { toolUseId: 'tooluse_B', name: 'get_time', input: {} } },
    ],
    'tool_use',
  ),
  reasoning: answer(
    [
      { reasoningContent: { reasoningText: { text: 'Two and two.', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' } } },
      { reasoningContent: { redactedContent: bytes('nobody may see it') } },
      { text: 'Four.' },
    ],
    'end_turn',
  ),
  'reasoning that is not shown': answer(
    [
      { reasoningContent: { reasoningText: { text: '', signature: 'EosBCkYIBxgCKkDmpH7Wb0gD' } } },
      { toolUse: { toolUseId: 'tooluse_C', name: 'get_time', input: {} } },
    ],
    'tool_use',
  ),
  'reasoning that nobody signs': answer([{ reasoningContent: { reasoningText: { text: 'Hm.' } } }, { text: 'So.' }], 'end_turn'),
  'structured output': answer([{ text: '{"name":"Ada","born":1815}' }], 'end_turn'),
  'stop sequence': answer([{ text: 'one, two, ' }], 'stop_sequence', { additionalModelResponseFields: { stop_sequence: 'three' } }),
  citations: answer(
    [
      { text: 'The CV says: ' },
      {
        citationsContent: {
          content: [{ text: 'Bob is kind' }, { text: ' and good.' }],
          citations: [{ title: 'CV', sourceContent: [{ text: 'kind' }], location: { documentChar: { documentIndex: 0, start: 1, end: 5 } } }],
        },
      },
    ],
    'end_turn',
  ),
  'a tool of the server': answer(
    [
      { toolUse: { toolUseId: 'srv_1', name: 'nova_grounding', input: { query: 'weather' }, type: 'server_tool_use' } },
      { toolResult: { toolUseId: 'srv_1', content: [{ text: 'sunny' }], type: 'nova_grounding_result' } },
      { text: 'Sunny.' },
    ],
    'end_turn',
    { serviceTier: { type: 'priority' }, performanceConfig: { latency: 'standard' } },
  ),
  'guardrail intervened': answer([{ text: 'I cannot say that.' }], 'guardrail_intervened', {
    trace: { guardrail: { actionReason: 'Guardrail blocked.' } },
  }),
  'context full': answer([{ text: 'And then' }], 'model_context_window_exceeded'),
  'nothing said': answer([], 'end_turn'),
};
