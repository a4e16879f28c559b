import type { ResponseCreateParamsBase, ResponseIncludable, ResponseInputItem } from 'openai/resources/responses/responses';
import { anything, byType, decimal, flag, integer, list, nullable, oneOf, openObject, record, tagged, text } from '../../shape.ts';
import type { Shape } from '../../shape.ts';
import { metadata, toolName } from '../fields.ts';

/** A request, with its conversation put together. */
export interface ResponsesRequest {
  body: ResponseCreateParamsBase & { model: string };
  /** The input of this request, a string as a message. */
  input: readonly ResponseInputItem[];
  /** All that the model sees: what is before the input at `previous_response_id`, then the input. */
  items: readonly ResponseInputItem[];
}

const itemId = (prefix: string): Shape => text({ pattern: new RegExp(`^${prefix}_`), max: 64 });
const callId = text({ min: 1, max: 64 });
const status = oneOf('in_progress', 'completed', 'incomplete');
const cacheBreakpoint = { prompt_cache_breakpoint: openObject };

const inputText = record({ type: oneOf('input_text'), text: text() }, cacheBreakpoint);
const inputImage = record(
  { type: oneOf('input_image') },
  {
    ...cacheBreakpoint,
    detail: nullable(oneOf('auto', 'low', 'high', 'original')),
    file_id: nullable(text({ min: 1 })),
    image_url: nullable(text()),
  },
);
const inputFile = record(
  { type: oneOf('input_file') },
  {
    ...cacheBreakpoint,
    detail: oneOf('auto', 'low', 'high'),
    file_data: nullable(text()),
    file_id: nullable(text({ min: 1 })),
    file_url: nullable(text()),
    filename: nullable(text()),
  },
);
const inputParts = list(tagged('type', { input_text: inputText, input_image: inputImage, input_file: inputFile }));
const outputParts = list(
  tagged('type', {
    output_text: record({ type: oneOf('output_text'), text: text() }, { annotations: list(openObject), logprobs: list(openObject) }),
    refusal: record({ type: oneOf('refusal'), refusal: text() }),
  }),
);

const messageFields = { type: oneOf('message'), id: itemId('msg'), status: nullable(status), phase: nullable(oneOf('commentary', 'final_answer')) };
const inputMessage = (role: string): Shape => record({ role: oneOf(role), content: byType({ string: text(), array: inputParts }) }, messageFields);

const message = tagged('role', {
  user: inputMessage('user'),
  system: inputMessage('system'),
  developer: inputMessage('developer'),
  assistant: record({ role: oneOf('assistant'), content: byType({ string: text(), array: outputParts }) }, messageFields),
});

const caller = { caller: nullable(openObject), namespace: nullable(text()) };

const known = {
  message,
  function_call: record(
    { type: oneOf('function_call'), call_id: callId, name: toolName, arguments: text() },
    { ...caller, id: itemId('fc'), status: nullable(status), async: flag },
  ),
  function_call_output: record(
    { type: oneOf('function_call_output'), call_id: callId, output: byType({ string: text(), array: inputParts }) },
    { ...caller, id: nullable(itemId('fc')), status: nullable(status), name: nullable(text()) },
  ),
  custom_tool_call: record(
    { type: oneOf('custom_tool_call'), call_id: callId, name: toolName, input: text() },
    { ...caller, id: itemId('ctc'), async: flag, status: nullable(status) },
  ),
  custom_tool_call_output: record(
    { type: oneOf('custom_tool_call_output'), call_id: callId, output: byType({ string: text(), array: inputParts }) },
    { ...caller, id: text({ max: 64 }) },
  ),
  reasoning: record(
    { type: oneOf('reasoning'), id: itemId('rs'), summary: list(record({ type: oneOf('summary_text'), text: text() })) },
    {
      content: nullable(list(record({ type: oneOf('reasoning_text'), text: text() }))),
      encrypted_content: nullable(text({ min: 1 })),
      status: nullable(status),
    },
  ),
  item_reference: record({ type: oneOf('item_reference'), id: text({ min: 1, max: 64 }) }),
} satisfies Partial<Record<ItemType, Shape>>;

type ItemType = NonNullable<ResponseInputItem['type']>;

/** Items of tools that the provider runs itself: this fake runs none, and lets them pass. */
const hosted = {
  additional_tools: openObject,
  apply_patch_call: openObject,
  apply_patch_call_output: openObject,
  code_interpreter_call: openObject,
  compaction: openObject,
  compaction_trigger: openObject,
  computer_call: openObject,
  computer_call_output: openObject,
  configuration_update: openObject,
  file_search_call: openObject,
  image_generation_call: openObject,
  local_shell_call: openObject,
  local_shell_call_output: openObject,
  mcp_approval_request: openObject,
  mcp_approval_response: openObject,
  mcp_call: openObject,
  mcp_list_tools: openObject,
  program: openObject,
  program_output: openObject,
  shell_call: openObject,
  shell_call_output: openObject,
  tool_search_call: openObject,
  tool_search_output: openObject,
  web_search_call: openObject,
} satisfies Record<Exclude<ItemType, keyof typeof known>, Shape>;

const item = tagged('type', { ...known, ...hosted }, 'message');

const toolFields = { allowed_callers: nullable(list(oneOf('direct', 'programmatic'))), async: flag, defer_loading: flag };

const functionTool = record(
  { type: oneOf('function'), name: toolName },
  { ...toolFields, parameters: nullable(openObject), strict: nullable(flag), description: nullable(text()), output_schema: nullable(openObject) },
);
const customTool = record({ type: oneOf('custom'), name: toolName }, { ...toolFields, description: text(), format: openObject });
const hostedTools = [
  'apply_patch',
  'code_interpreter',
  'computer',
  'computer_use_preview',
  'file_search',
  'image_generation',
  'local_shell',
  'mcp',
  'namespace',
  'programmatic_tool_calling',
  'shell',
  'tool_search',
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
];
const openVariants = Object.fromEntries(hostedTools.map((type) => [type, openObject]));
const tool = tagged('type', { ...openVariants, function: functionTool, custom: customTool });

const toolChoice = byType({
  string: oneOf('none', 'auto', 'required'),
  object: tagged('type', {
    ...openVariants,
    function: record({ type: oneOf('function'), name: toolName }),
    custom: record({ type: oneOf('custom'), name: toolName }),
    allowed_tools: record({ type: oneOf('allowed_tools'), mode: oneOf('auto', 'required'), tools: list(openObject, { min: 1 }) }),
  }),
});

const format = tagged('type', {
  text: record({ type: oneOf('text') }),
  json_object: record({ type: oneOf('json_object') }),
  json_schema: record({ type: oneOf('json_schema'), name: toolName, schema: openObject }, { description: text(), strict: nullable(flag) }),
});

const includable = [
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'web_search_call.results',
] as const satisfies readonly ResponseIncludable[];

const summary = nullable(oneOf('auto', 'concise', 'detailed'));

/** What the endpoint that counts tokens takes too. */
const counted = {
  conversation: nullable(byType({ string: text(), object: record({ id: text() }) })),
  input: byType({ string: text(), array: list(item) }),
  instructions: nullable(text()),
  parallel_tool_calls: nullable(flag),
  previous_response_id: nullable(text({ min: 1 })),
  reasoning: nullable(
    record(
      {},
      {
        context: nullable(oneOf('auto', 'current_turn', 'all_turns')),
        effort: nullable(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
        generate_summary: summary,
        mode: oneOf('standard', 'pro'),
        summary,
      },
    ),
  ),
  text: record({}, { format, verbosity: nullable(oneOf('low', 'medium', 'high')) }),
  tool_choice: toolChoice,
  tools: list(tool, { max: 128 }),
  truncation: nullable(oneOf('auto', 'disabled')),
};

const optional = {
  ...counted,
  access_programs: openObject,
  background: nullable(flag),
  context_management: nullable(list(openObject)),
  image: openObject,
  include: nullable(list(oneOf(...includable))),
  max_output_tokens: nullable(integer({ min: 16 })),
  max_tool_calls: nullable(integer({ min: 1 })),
  metadata,
  moderation: nullable(openObject),
  prompt: nullable(openObject),
  prompt_cache_key: nullable(text({ max: 64 })),
  prompt_cache_options: openObject,
  prompt_cache_retention: nullable(oneOf('in_memory', '24h')),
  safety_identifier: nullable(text({ max: 64 })),
  service_tier: nullable(oneOf('auto', 'default', 'flex', 'scale', 'priority', 'fast')),
  store: nullable(flag),
  stream: nullable(flag),
  stream_options: nullable(record({}, { include_obfuscation: flag })),
  temperature: nullable(decimal({ min: 0, max: 2 })),
  top_logprobs: nullable(integer({ min: 0, max: 20 })),
  top_p: nullable(decimal({ min: 0, max: 1 })),
  user: text(),
} satisfies Record<Exclude<keyof ResponseCreateParamsBase, 'model'>, Shape>;

/** A body of POST /responses, field by field; a new field of the SDK's types breaks the build until it is named here. */
export const responsesRequestShape = record({ model: text() }, optional);

/** A body of POST /responses/input_tokens. */
export const inputTokensShape = record({}, { ...counted, model: nullable(text()), personality: anything });
