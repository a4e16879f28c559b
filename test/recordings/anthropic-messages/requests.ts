import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages/messages';

/** What the SDK takes among its parameters and sends as headers. */
type HeaderField = 'user_profile_id' | 'workspace_id';

/** A request with every field of the body that Anthropic's SDK knows, each with a value that says something its absence does not. A new field of the SDK fails compilation here. */
export const everyField = {
  model: 'fast',
  max_tokens: 20_000,
  stream: true,
  system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'image', source: { type: 'url', url: 'https://a.example/?mail=a@b.de' } },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' }, transformations: { oversized_image: 'error' } },
        { type: 'image', source: { type: 'file', file_id: 'file_1' } },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
          title: 'CV of Bob',
          context: 'Sent by Bob',
          citations: { enabled: true },
        },
        { type: 'document', source: { type: 'url', url: 'https://a.example/cv.pdf' } },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Bob was born.' }, cache_control: { type: 'ephemeral' } },
        { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'He learned.' }] } },
        { type: 'search_result', source: 'https://b.example/', title: 'Found', content: [{ type: 'text', text: 'He works.' }] },
        { type: 'text', text: 'Who is Bob?' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Bob, Bob.', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' },
        { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix/LafPsn4a' },
        { type: 'text', text: 'I look.', citations: [] },
        { type: 'tool_use', id: 'toolu_1', name: 'look', input: { who: 'Bob' }, caller: { type: 'direct' } },
        { type: 'tool_use', id: 'toolu_2', name: 'see', input: {}, cache_control: { type: 'ephemeral' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: 'a@b.de', is_error: true },
        {
          type: 'tool_result',
          tool_use_id: 'toolu_2',
          content: [
            { type: 'text', text: 'A picture of Bob:' },
            { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'UklGRg==' } },
            { type: 'document', source: { type: 'url', url: 'https://a.example/more.pdf' } },
          ],
          cache_control: { type: 'ephemeral', ttl: '5m' },
        },
      ],
    },
    { role: 'system', content: 'Be quick now.' },
  ],
  tools: [
    {
      name: 'look',
      description: 'Looks for Bob',
      strict: true,
      input_schema: {
        type: 'object',
        required: ['who'],
        properties: { who: { type: 'string', description: 'Bob, say' } },
        additionalProperties: false,
      },
      cache_control: { type: 'ephemeral', ttl: '1h' },
      input_examples: [{ who: 'Bob' }],
    },
    { name: 'see', input_schema: { type: 'object' } },
    { type: 'web_search_20250305', name: 'web_search', allowed_domains: ['bob.example'] },
  ],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  stop_sequences: ['Bob:'],
  metadata: { user_id: 'u-1' },
  cache_control: { type: 'ephemeral' },
  container: 'container_1',
  diagnostics: { previous_message_id: 'msg_1' },
  inference_geo: 'eu',
  output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object', properties: {}, additionalProperties: false } } },
  service_tier: 'standard_only',
  speed: 'fast',
  thinking: { type: 'enabled', budget_tokens: 4000, display: 'omitted' },
} satisfies Required<Omit<MessageCreateParamsBase, HeaderField>>;
