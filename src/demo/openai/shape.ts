import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import { anything, byType, decimal, flag, integer, list, nullable, oneOf, openObject, record, tagged, text } from '../shape.ts';
import type { Shape } from '../shape.ts';
import { metadata, toolName as name } from './fields.ts';

const callId = text({ min: 1, max: 40 });
const cacheBreakpoint = { prompt_cache_breakpoint: openObject };

const base64 = text({ pattern: /^[A-Za-z0-9+/]+={0,2}$/ });

const textPart = record({ type: oneOf('text'), text: text() }, cacheBreakpoint);
const textContent = byType({ string: text(), array: list(tagged('type', { text: textPart }), { min: 1 }) });

const userContent = byType({
  string: text(),
  array: list(
    tagged('type', {
      text: textPart,
      image_url: record(
        { type: oneOf('image_url'), image_url: record({ url: text() }, { detail: oneOf('auto', 'low', 'high', 'original') }) },
        cacheBreakpoint,
      ),
      input_audio: record({ type: oneOf('input_audio'), input_audio: record({ data: base64, format: oneOf('wav', 'mp3') }) }, cacheBreakpoint),
      file: record({ type: oneOf('file'), file: record({}, { file_data: text(), file_id: text(), filename: text() }) }, cacheBreakpoint),
    }),
    { min: 1 },
  ),
});

const assistantContent = byType({
  null: anything,
  string: text(),
  array: list(tagged('type', { text: textPart, refusal: record({ type: oneOf('refusal'), refusal: text() }) }), { min: 1 }),
});

const toolCall = tagged('type', {
  function: record({ id: callId, type: oneOf('function'), function: record({ name: text({ min: 1 }), arguments: text() }) }),
  custom: record({ id: callId, type: oneOf('custom'), custom: record({ name: text({ min: 1 }), input: text() }) }),
});

const message = tagged('role', {
  developer: record({ role: oneOf('developer'), content: textContent }, { name: text() }),
  system: record({ role: oneOf('system'), content: textContent }, { name: text() }),
  user: record({ role: oneOf('user'), content: userContent }, { name: text() }),
  assistant: record(
    { role: oneOf('assistant') },
    {
      content: assistantContent,
      name: text(),
      refusal: nullable(text()),
      audio: nullable(record({ id: text() })),
      function_call: nullable(record({ name: text(), arguments: text() })),
      tool_calls: list(toolCall, { min: 1, max: 128 }),
      // Not in the SDK's parameters, but what the API itself answers, and takes back.
      annotations: list(openObject),
    },
  ),
  // `name` stands in the vendor's own examples, though not in its types.
  tool: record({ role: oneOf('tool'), content: textContent, tool_call_id: text() }, { name: text() }),
  function: record({ role: oneOf('function'), content: nullable(text()), name }),
});

const functionShape = record({ name }, { description: text(), parameters: openObject, strict: nullable(flag) });

const tool = tagged('type', {
  function: record({ type: oneOf('function'), function: functionShape }),
  custom: record({ type: oneOf('custom'), custom: record({ name }, { description: text(), format: openObject }) }),
});

const toolChoice = byType({
  string: oneOf('none', 'auto', 'required'),
  object: tagged('type', {
    function: record({ type: oneOf('function'), function: record({ name }) }),
    custom: record({ type: oneOf('custom'), custom: record({ name }) }),
    allowed_tools: record({ type: oneOf('allowed_tools'), allowed_tools: record({ mode: oneOf('auto', 'required'), tools: list(openObject) }) }),
  }),
});

const responseFormat = tagged('type', {
  text: record({ type: oneOf('text') }),
  json_object: record({ type: oneOf('json_object') }),
  json_schema: record({
    type: oneOf('json_schema'),
    json_schema: record({ name }, { description: text(), schema: openObject, strict: nullable(flag) }),
  }),
});

const optional = {
  audio: nullable(openObject),
  frequency_penalty: nullable(decimal({ min: -2, max: 2 })),
  function_call: byType({ string: oneOf('none', 'auto'), object: record({ name }) }),
  functions: list(record({ name }, { description: text(), parameters: openObject }), { min: 1, max: 128 }),
  logit_bias: nullable(openObject),
  logprobs: nullable(flag),
  max_completion_tokens: nullable(integer({ min: 1 })),
  max_tokens: nullable(integer({ min: 1 })),
  metadata,
  modalities: nullable(list(oneOf('text', 'audio'))),
  moderation: nullable(openObject),
  n: nullable(integer({ min: 1, max: 128 })),
  parallel_tool_calls: flag,
  prediction: nullable(record({ type: oneOf('content'), content: textContent })),
  presence_penalty: nullable(decimal({ min: -2, max: 2 })),
  prompt_cache_key: nullable(text()),
  prompt_cache_options: openObject,
  prompt_cache_retention: nullable(oneOf('in_memory', '24h')),
  reasoning_effort: nullable(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
  response_format: responseFormat,
  safety_identifier: nullable(text()),
  seed: nullable(integer()),
  service_tier: nullable(oneOf('auto', 'default', 'flex', 'scale', 'priority', 'fast')),
  stop: byType({ null: anything, string: text(), array: list(text(), { max: 4 }) }),
  store: nullable(flag),
  stream: nullable(flag),
  stream_options: nullable(record({}, { include_usage: flag, include_obfuscation: flag })),
  temperature: nullable(decimal({ min: 0, max: 2 })),
  tool_choice: toolChoice,
  tools: list(tool, { min: 1, max: 128 }),
  top_logprobs: nullable(integer({ min: 0, max: 20 })),
  top_p: nullable(decimal({ min: 0, max: 1 })),
  user: text(),
  verbosity: nullable(oneOf('low', 'medium', 'high')),
  web_search_options: openObject,
} satisfies Record<Exclude<keyof ChatCompletionCreateParamsBase, 'messages' | 'model'>, Shape>;

/** A body of POST /chat/completions, field by field; a new field of the SDK's types breaks the build until it is named here. */
export const openAIRequestShape = record({ model: text(), messages: list(message, { min: 1 }) }, optional);
