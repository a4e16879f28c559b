import type { ResponseCreateParamsStreaming, ResponseInputItem, Tool } from 'openai/resources/responses/responses';

const parameters = {
  type: 'object',
  required: ['to'],
  properties: { to: { type: 'string', description: 'an address of Bob', enum: ['a@b.de'], format: 'email' } },
  additionalProperties: false,
};

/** What other protocols have a counterpart of: a conversation with files, two rounds of tools, and reasoning. */
export const carriedItems = [
  { role: 'system', content: 'Be brief.' },
  { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }], status: 'completed' },
  {
    type: 'message',
    role: 'user',
    content: [
      { type: 'input_text', text: 'Look:', prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } },
      { type: 'input_image', image_url: 'https://a.example/?mail=a@b.de', detail: 'low' },
      { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'auto' },
      { type: 'input_file', filename: 'cv of Bob.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
      { type: 'input_file', file_url: 'https://a.example/cv.pdf' },
    ],
  },
  {
    type: 'reasoning',
    id: 'rs_1',
    summary: [
      { type: 'summary_text', text: 'Bob wants mail.' },
      { type: 'summary_text', text: 'So write.' },
    ],
    encrypted_content: 'gAAAAA1',
    status: 'completed',
  },
  {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: 'Writing to Bob.', annotations: [], logprobs: [] }],
  },
  { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'mail', arguments: '{"to":"a@b.de"}', status: 'completed' },
  { type: 'function_call', call_id: 'call_2', name: 'mail', arguments: '' },
  { type: 'function_call_output', call_id: 'call_1', output: 'sent to a@b.de' },
  {
    type: 'function_call_output',
    id: 'fco_2',
    call_id: 'call_2',
    status: 'completed',
    output: [
      { type: 'input_text', text: 'not sent' },
      { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' },
    ],
  },
  { type: 'message', id: 'msg_2', role: 'assistant', status: 'completed', content: [{ type: 'refusal', refusal: 'I stop here, Bob.' }] },
  { role: 'user', content: 'Why, Bob?' },
] satisfies ResponseInputItem[];

/** Items that only OpenAI's own tools make. */
export const foreignItems = [
  { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'Bob', queries: ['Bob of Ulm'] } },
  { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['Bob'], results: [{ file_id: 'file-1', filename: 'Bob.txt', text: 'Bob' }] },
  {
    type: 'code_interpreter_call',
    id: 'ci_1',
    container_id: 'c_1',
    status: 'completed',
    code: 'print("Bob")',
    outputs: [{ type: 'logs', logs: 'Bob' }],
  },
  { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'iVBORw0KGgo=' },
  { type: 'computer_call_output', call_id: 'call_3', output: { type: 'computer_screenshot', image_url: 'data:image/png;base64,iVBORw0KGgo=' } },
  { type: 'mcp_call', id: 'mcp_1', server_label: 'crm', name: 'find', arguments: '{"name":"Bob"}', output: 'Bob of Ulm' },
] satisfies ResponseInputItem[];

const functionTool = { type: 'function', name: 'mail', description: 'Sends mail for Bob', strict: true, parameters } satisfies Tool;

/** Tools that only OpenAI has. */
export const foreignTools = [
  { type: 'web_search', search_context_size: 'low', user_location: { type: 'approximate', city: 'Ulm' } },
  { type: 'file_search', vector_store_ids: ['vs_1'], max_num_results: 4 },
  { type: 'code_interpreter', container: { type: 'auto', file_ids: ['file-1'], memory_limit: '4g' } },
  { type: 'image_generation', size: '1024x1024', quality: 'low' },
  {
    type: 'mcp',
    server_label: 'crm',
    server_url: 'https://bob.example/mcp',
    authorization: 'secret',
    allowed_tools: ['find'],
    require_approval: 'never',
  },
  { type: 'custom', name: 'sql', description: 'Runs SQL', format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' } },
  { type: 'namespace', name: 'crm', description: 'For Bob', tools: [{ type: 'function', name: 'find', parameters }] },
] satisfies Tool[];

/** A request with every field that OpenAI's SDK knows, each with a value that says something its absence does not. A new field of the SDK fails compilation here. */
export const everyField = {
  model: 'fast',
  stream: true,
  instructions: 'Help Bob.',
  input: [...carriedItems, ...foreignItems],
  tools: [functionTool, ...foreignTools],
  tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'mail' }] },
  parallel_tool_calls: false,
  max_tool_calls: 3,
  max_output_tokens: 50,
  temperature: 0.5,
  top_p: 0.9,
  top_logprobs: 2,
  include: ['message.output_text.logprobs', 'reasoning.encrypted_content', 'file_search_call.results'],
  text: { format: { type: 'json_schema', name: 'reply', description: 'To Bob', schema: parameters, strict: true }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'detailed', generate_summary: 'concise', context: 'all_turns', mode: 'pro' },
  metadata: { 'c@d.de': 'e@f.de' },
  user: 'bob@b.de',
  safety_identifier: 'bob',
  prompt_cache_key: 'bob-1',
  prompt_cache_options: { mode: 'implicit', ttl: '30m', comparison_response_id: 'resp_0' },
  prompt_cache_retention: '24h',
  service_tier: 'flex',
  store: true,
  truncation: 'auto',
  stream_options: { include_obfuscation: false },
  context_management: [{ type: 'compaction', compact_threshold: 1000 }],
  moderation: { model: 'omni-moderation-latest' },
  image: { context_compression: 'enabled' },
  access_programs: { cyber: 'standard' },
  background: true,
  conversation: { id: 'conv_1' },
  previous_response_id: 'resp_1',
  prompt: { id: 'pmpt_1', version: '2', variables: { who: 'Bob' } },
} satisfies Required<ResponseCreateParamsStreaming>;

const { background: _background, conversation: _conversation, previous_response_id: _previous, prompt: _prompt, ...translatable } = everyField;

/** The same without what only OpenAI could answer. */
export const everyTranslatableField = translatable;
