import type { Response, ResponseUsage } from 'openai/resources/responses/responses';

/** What the API sends: `output_text` is the SDK's own addition. */
export type SentResponse = Omit<Response, 'output_text'>;

const usage = {
  input_tokens: 82,
  input_tokens_details: { cached_tokens: 64, cache_write_tokens: 0 },
  output_tokens: 17,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 99,
} satisfies ResponseUsage;

/** What every response of OpenAI's server has, with what it repeats of the request. */
export const envelope = {
  object: 'response',
  created_at: 1757894561,
  status: 'completed',
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  model: 'gpt-5-mini-2025-08-07',
  parallel_tool_calls: true,
  temperature: 1,
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  access_programs: null,
  usage,
} satisfies Omit<SentResponse, 'id' | 'output'>;

/** What it has besides. */
const options = {
  completed_at: 1757894563,
  background: false,
  max_output_tokens: null,
  max_tool_calls: null,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: 'low', summary: 'auto' },
  safety_identifier: null,
  service_tier: 'default',
  text: { format: { type: 'text' }, verbosity: 'medium' },
  top_logprobs: 0,
  truncation: 'disabled',
} satisfies Partial<SentResponse>;

/** JSON answers in the shapes that OpenAI's own server sends. */
export const answers = {
  text: {
    ...envelope,
    ...options,
    id: 'resp_text',
    instructions: 'Be good to Bob.',
    metadata: { owner: 'Bob of Ohio' },
    output: [
      {
        id: 'msg_text',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Grüße, "Welt" 👋, from Rome', annotations: [], logprobs: [] }],
      },
    ],
  },
  parallelTools: {
    ...envelope,
    id: 'resp_tools',
    output: [
      { id: 'rs_tools', type: 'reasoning', summary: [], encrypted_content: 'gAAAAAtools' },
      {
        id: 'msg_tools',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Looking.', annotations: [] }],
        phase: 'commentary',
      },
      {
        id: 'fc_a',
        type: 'function_call',
        status: 'completed',
        call_id: 'call_a',
        name: 'find_order',
        arguments: '{"order":9223372036854775807, "note":"\\u00e9"}',
      },
      { id: 'fc_b', type: 'function_call', status: 'completed', call_id: 'call_b', name: 'list_orders', arguments: '{}' },
    ],
  },
  refusal: {
    ...envelope,
    id: 'resp_refusal',
    output: [
      {
        id: 'msg_refusal',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'refusal', refusal: 'I cannot do that.' }],
      },
    ],
  },
  length: {
    ...envelope,
    id: 'resp_length',
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output: [
      {
        id: 'msg_length',
        type: 'message',
        status: 'incomplete',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Once upon a time', annotations: [] }],
      },
    ],
  },
  filtered: {
    ...envelope,
    id: 'resp_filtered',
    status: 'incomplete',
    incomplete_details: { reason: 'content_filter' },
    output: [],
  },
  severalTexts: {
    ...envelope,
    id: 'resp_several',
    output: [
      {
        id: 'rs_several',
        type: 'reasoning',
        summary: [
          { type: 'summary_text', text: '**Looking**\n\nat orders' },
          { type: 'summary_text', text: '**Choosing**\n\none' },
        ],
        encrypted_content: null,
      },
      {
        id: 'msg_several',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'One.', annotations: [] },
          { type: 'output_text', text: 'Two.', annotations: [] },
        ],
      },
    ],
  },
  builtInTools: {
    ...envelope,
    id: 'resp_search',
    output: [
      { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'Rome', queries: ['Rome'] } },
      {
        id: 'msg_search',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [
          {
            type: 'output_text',
            text: 'Rome is old.',
            annotations: [{ type: 'url_citation', start_index: 0, end_index: 4, title: 'Rome', url: 'https://rome.example' }],
          },
        ],
      },
    ],
  },
} satisfies Record<string, SentResponse>;

/** A response that failed after status 200. */
export const failed = {
  ...envelope,
  id: 'resp_failed',
  status: 'failed',
  error: { code: 'server_error', message: 'The model is gone.' },
  output: [],
} satisfies SentResponse;
