import type { Message, MessageDeltaUsage, RawMessageStreamEvent, StopReason, Usage } from '@anthropic-ai/sdk/resources/messages/messages';
import type { ErrorResponse } from '@anthropic-ai/sdk/resources/shared';

/** An event of a stream; the SDK's union leaves out those that its own reader swallows. */
export type RecordedEvent = RawMessageStreamEvent | { type: 'ping' } | ErrorResponse;

const usage = (counts: Partial<Usage>): Usage => ({
  cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 0 },
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  inference_geo: null,
  input_tokens: 0,
  output_tokens: 1,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
  speed: null,
  ...counts,
});

const start = (id: string, counts: Partial<Usage>): RecordedEvent => {
  const message: Message = {
    id,
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content: [],
    container: null,
    diagnostics: null,
    stop_details: null,
    stop_reason: null,
    stop_sequence: null,
    usage: usage(counts),
  };
  return { type: 'message_start', message };
};

const end = (stop_reason: StopReason, counts: Partial<MessageDeltaUsage>, stop_sequence: string | null = null): RecordedEvent[] => [
  {
    type: 'message_delta',
    delta: { container: null, stop_details: null, stop_reason, stop_sequence },
    usage: {
      cache_creation_input_tokens: null,
      cache_read_input_tokens: null,
      input_tokens: null,
      output_tokens: 0,
      output_tokens_details: null,
      server_tool_use: null,
      ...counts,
    },
  },
  { type: 'message_stop' },
];

const text = (index: number, ...texts: string[]): RecordedEvent[] => [
  { type: 'content_block_start', index, content_block: { type: 'text', text: '', citations: null } },
  ...texts.map((step): RecordedEvent => ({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: step } })),
  { type: 'content_block_stop', index },
];

const tool = (index: number, id: string, name: string, ...json: string[]): RecordedEvent[] => [
  { type: 'content_block_start', index, content_block: { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } } },
  ...json.map((step): RecordedEvent => ({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: step } })),
  { type: 'content_block_stop', index },
];

/** Streams as Anthropic sends them, by what happens in them. */
export const streams = {
  text: [
    start('msg_01text', { input_tokens: 25 }),
    { type: 'ping' },
    ...text(0, 'Grüße', ' aus 東京 ', '👩‍🚀!'),
    ...end('end_turn', { output_tokens: 15 }),
  ],
  'parallel tools': [
    start('msg_01tools', { input_tokens: 472, output_tokens: 2 }),
    ...text(0, 'I look both up.'),
    ...tool(1, 'toolu_01A', 'get_weather', '', '{"city": "Pa', 'ris", "id": 9007199254740993}'),
    ...tool(2, 'toolu_01B', 'get_time', ''),
    ...end('tool_use', { output_tokens: 89 }),
  ],
  thinking: [
    start('msg_01thinking', { input_tokens: 60 }),
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Two and ' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'two.' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix/LafPsn4a' } },
    { type: 'content_block_stop', index: 1 },
    ...text(2, 'Four.'),
    ...end('end_turn', { output_tokens: 40, output_tokens_details: { thinking_tokens: 31 } }),
  ],
  'thinking that is not shown': [
    start('msg_01omitted', { input_tokens: 60 }),
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'EosBCkYIBxgCKkDmpH7Wb0gD' } },
    { type: 'content_block_stop', index: 0 },
    ...tool(1, 'toolu_01C', 'get_time', '', '{}'),
    ...end('tool_use', { output_tokens: 52, output_tokens_details: { thinking_tokens: 33 } }),
  ],
  'structured output': [
    start('msg_01json', { input_tokens: 180 }),
    ...text(0, '{"name":"A', 'da","born":18', '15}'),
    ...end('end_turn', { output_tokens: 14 }),
  ],
  'cached prompt': [
    start('msg_01cache', { input_tokens: 10, cache_read_input_tokens: 2000, cache_creation_input_tokens: 300 }),
    ...text(0, 'Yes.'),
    ...end('end_turn', { input_tokens: 10, cache_read_input_tokens: 2000, cache_creation_input_tokens: 300, output_tokens: 4 }),
  ],
  'server tool': [
    start('msg_01search', { input_tokens: 100 }),
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'server_tool_use', id: 'srvtoolu_01', name: 'web_search', input: {}, caller: { type: 'direct' } },
    },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"query":"weather"}' } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_01', content: [], caller: { type: 'direct' } },
    },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '', citations: [] } },
    {
      type: 'content_block_delta',
      index: 2,
      delta: {
        type: 'citations_delta',
        citation: { type: 'web_search_result_location', cited_text: 'sunny', encrypted_index: 'Eo8B', title: 'Weather', url: 'https://example.com/' },
      },
    },
    { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'Sunny.' } },
    { type: 'content_block_stop', index: 2 },
    ...end('pause_turn', { output_tokens: 60, server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } }),
  ],
  'error midway': [
    start('msg_01error', { input_tokens: 25 }),
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_011error' },
  ],
  refusal: [start('msg_01refusal', { input_tokens: 25 }), ...text(0, 'I can'), ...end('refusal', { output_tokens: 3 })],
  'max tokens': [start('msg_01max', { input_tokens: 25 }), ...text(0, 'Once upon a'), ...end('max_tokens', { output_tokens: 3 })],
  'context full': [start('msg_01full', { input_tokens: 25 }), ...text(0, 'And then'), ...end('model_context_window_exceeded', { output_tokens: 2 })],
  'stop sequence': [start('msg_01stop', { input_tokens: 25 }), ...text(0, 'one, two, '), ...end('stop_sequence', { output_tokens: 5 }, 'three')],
  'nothing said': [start('msg_01nothing', { input_tokens: 25 }), ...end('end_turn', { output_tokens: 1 })],
} satisfies Record<string, RecordedEvent[]>;

/** The bytes of a stream. */
export const bytesOf = (events: readonly RecordedEvent[]): Buffer =>
  Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
