import type { ContentBlock, Message, StopReason, Usage } from '@anthropic-ai/sdk/resources/messages/messages';

const usage: Usage = {
  cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 300 },
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 2000,
  inference_geo: null,
  input_tokens: 10,
  output_tokens: 40,
  output_tokens_details: { thinking_tokens: 31 },
  server_tool_use: null,
  service_tier: 'standard',
  speed: null,
};

const message = (id: string, content: ContentBlock[], stop_reason: StopReason, stop_sequence: string | null = null): Message => ({
  id,
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content,
  container: null,
  diagnostics: null,
  stop_details: null,
  stop_reason,
  stop_sequence,
  usage,
});

/** JSON answers as Anthropic sends them, by what is in them. */
export const answers = {
  text: message('msg_02text', [{ type: 'text', text: 'Grüße aus 東京 👩‍🚀', citations: null }], 'end_turn'),
  'parallel tools': message(
    'msg_02tools',
    [
      { type: 'text', text: 'I look both up.', citations: null },
      { type: 'tool_use', id: 'toolu_02A', name: 'get_weather', input: { city: 'Paris' }, caller: { type: 'direct' } },
      { type: 'tool_use', id: 'toolu_02B', name: 'get_time', input: {}, caller: { type: 'direct' } },
    ],
    'tool_use',
  ),
  thinking: message(
    'msg_02thinking',
    [
      { type: 'thinking', thinking: 'Two and two.', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' },
      { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix/LafPsn4a' },
      { type: 'text', text: 'Four.', citations: null },
    ],
    'end_turn',
  ),
  'thinking that is not shown': message(
    'msg_02omitted',
    [
      { type: 'thinking', thinking: '', signature: 'EosBCkYIBxgCKkDmpH7Wb0gD' },
      { type: 'tool_use', id: 'toolu_02C', name: 'get_time', input: {}, caller: { type: 'direct' } },
    ],
    'tool_use',
  ),
  'structured output': message('msg_02json', [{ type: 'text', text: '{"name":"Ada","born":1815}', citations: null }], 'end_turn'),
  'context full': message('msg_02full', [{ type: 'text', text: 'And then', citations: null }], 'model_context_window_exceeded'),
  'stop sequence': message('msg_02stop', [{ type: 'text', text: 'one, two, ', citations: null }], 'stop_sequence', 'three'),
  refusal: message('msg_02refusal', [], 'refusal'),
} satisfies Record<string, Message>;
