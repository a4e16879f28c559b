import type {
  ContentBlockDelta,
  ConverseStreamMetadataEvent,
  ConverseStreamOutput,
  MessageStopEvent,
  StopReason,
  TokenUsage,
} from '@aws-sdk/client-bedrock-runtime';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { bytes, wire } from './wire.ts';

const start: ConverseStreamOutput = { messageStart: { role: 'assistant' } };

const delta = (contentBlockIndex: number, step: ContentBlockDelta): ConverseStreamOutput => ({
  contentBlockDelta: { contentBlockIndex, delta: step },
});
const stop = (contentBlockIndex: number): ConverseStreamOutput => ({ contentBlockStop: { contentBlockIndex } });

const end = (
  stopReason: StopReason,
  counts: Partial<TokenUsage>,
  more: Partial<MessageStopEvent & ConverseStreamMetadataEvent> = {},
): ConverseStreamOutput[] => {
  const { additionalModelResponseFields, ...rest } = more;
  return [
    { messageStop: { stopReason, ...(additionalModelResponseFields !== undefined && { additionalModelResponseFields }) } },
    { metadata: { usage: { inputTokens: 25, outputTokens: 15, totalTokens: 40, ...counts }, metrics: { latencyMs: 812 }, ...rest } },
  ];
};

const text = (index: number, ...texts: string[]): ConverseStreamOutput[] => [...texts.map((step) => delta(index, { text: step })), stop(index)];

const tool = (index: number, toolUseId: string, name: string, ...json: string[]): ConverseStreamOutput[] => [
  { contentBlockStart: { contentBlockIndex: index, start: { toolUse: { toolUseId, name } } } },
  ...json.map((input) => delta(index, { toolUse: { input } })),
  stop(index),
];

/** Streams as Bedrock sends them, by what happens in them. */
export const streams = {
  text: [start, ...text(0, 'Grüße', ' aus 東京 ', '👩‍🚀!'), ...end('end_turn', {})],
  'parallel tools': [
    start,
    ...text(0, 'I look both up.'),
    ...tool(1, 'tooluse_A', 'get_weather', '', '{"city": "Pa', 'ris", "id": 9007199254740993}'),
    ...tool(2, 'tooluse_B', 'get_time', '{}'),
    ...end('tool_use', {}),
  ],
  'a tool without arguments': [start, ...tool(0, 'tooluse_C', 'get_time'), ...end('tool_use', {})],
  reasoning: [
    start,
    delta(0, { reasoningContent: { text: 'Two and ' } }),
    delta(0, { reasoningContent: { text: 'two.' } }),
    delta(0, { reasoningContent: { signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' } }),
    stop(0),
    delta(1, { reasoningContent: { redactedContent: bytes('nobody may see it') } }),
    stop(1),
    ...text(2, 'Four.'),
    ...end('end_turn', { outputTokens: 40, totalTokens: 65 }),
  ],
  'reasoning that nobody signs': [start, delta(0, { reasoningContent: { text: 'Hm.' } }), stop(0), ...text(1, 'So.'), ...end('end_turn', {})],
  'reasoning that is not shown': [
    start,
    delta(0, { reasoningContent: { signature: 'EosBCkYIBxgCKkDmpH7Wb0gD' } }),
    stop(0),
    ...tool(1, 'tooluse_D', 'get_time', '{}'),
    ...end('tool_use', {}),
  ],
  'structured output': [start, ...text(0, '{"name":"A', 'da","born":18', '15}'), ...end('end_turn', {})],
  'cached prompt': [
    start,
    ...text(0, 'Yes.'),
    ...end('end_turn', {
      inputTokens: 10,
      cacheReadInputTokens: 2000,
      cacheWriteInputTokens: 300,
      cacheDetails: [{ ttl: '5m', inputTokens: 300 }],
      outputTokens: 4,
      totalTokens: 2314,
    }),
  ],
  'a tool of the server': [
    start,
    { contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'srv_1', name: 'nova_grounding', type: 'server_tool_use' } } } },
    delta(0, { toolUse: { input: '{"query":"weather"}' } }),
    stop(0),
    { contentBlockStart: { contentBlockIndex: 1, start: { toolResult: { toolUseId: 'srv_1', type: 'nova_grounding_result', status: 'success' } } } },
    delta(1, { toolResult: [{ text: 'sunny' }] }),
    stop(1),
    delta(2, { text: 'Sunny.' }),
    delta(2, { citation: { title: 'Weather', location: { web: { url: 'https://weather.example/' } } } }),
    stop(2),
    ...end('end_turn', {}, { serviceTier: { type: 'default' }, performanceConfig: { latency: 'standard' } }),
  ],
  'max tokens': [start, ...text(0, 'Once upon a'), ...end('max_tokens', {})],
  'context full': [start, ...text(0, 'And then'), ...end('model_context_window_exceeded', {})],
  'stop sequence': [start, ...text(0, 'one, two, '), ...end('stop_sequence', {}, { additionalModelResponseFields: { stop_sequence: 'three' } })],
  'stop sequence without a name': [start, ...text(0, 'one, two, '), ...end('stop_sequence', {})],
  'guardrail intervened': [start, ...text(0, 'I cannot say that.'), ...end('guardrail_intervened', {})],
  'content filtered': [start, ...text(0, 'I can'), ...end('content_filtered', {})],
  'malformed tool use': [start, ...text(0, 'I look.'), ...end('malformed_tool_use', {})],
  'nothing said': [start, ...end('end_turn', {})],
} satisfies Record<string, ConverseStreamOutput[]>;

const codec = new EventStreamCodec(
  (input) => Buffer.from(input).toString('utf8'),
  (input) => Buffer.from(input),
);
const string = (value: string) => ({ type: 'string', value }) as const;

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGH';

/** The bytes of one message, made by AWS's own codec. */
export const message = (kind: 'event' | 'exception', name: string, payload: object): Buffer =>
  Buffer.from(
    codec.encode({
      headers: { [`:${kind}-type`]: string(name), ':content-type': string('application/json'), ':message-type': string(kind) },
      body: Buffer.from(JSON.stringify(payload)),
    }),
  );

/** The bytes of a stream. Events come with padding, so that their lengths do not tell what is in them. */
export const bytesOf = (events: readonly ConverseStreamOutput[]): Buffer =>
  Buffer.concat(
    events.flatMap((event, number) =>
      Object.entries(wire(event)).map(([name, payload]) => message('event', name, { ...(payload as object), p: letters.slice(0, 1 + (number % 9)) })),
    ),
  );
