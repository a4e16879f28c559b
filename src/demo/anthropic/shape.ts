import type { MessageCountTokensParams, MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages/messages';
import { anything, byType, decimal, flag, integer, list, nullable, oneOf, openObject, record, tagged, text } from '../shape.ts';
import type { Shape } from '../shape.ts';

/** A request as the API takes it: with the sampling options that older models still have. */
export type AnthropicRequest = MessageCreateParamsBase & { temperature?: number; top_p?: number; top_k?: number };

const callId = text({ pattern: /^[a-zA-Z0-9_-]+$/ });
const toolName = text({ pattern: /^[a-zA-Z0-9_-]{1,128}$/ });
const cacheControl = nullable(tagged('type', { ephemeral: record({ type: oneOf('ephemeral') }, { ttl: oneOf('5m', '1h') }) }));
const cacheable = { cache_control: cacheControl };

const textBlock = record({ type: oneOf('text'), text: text() }, { ...cacheable, citations: nullable(list(openObject)) });

const base64 = text({ pattern: /^[A-Za-z0-9+/]+={0,2}$/ });
const webAddress = text({ pattern: /^https?:\/\/[^\s/]/ });

const imageSource = tagged('type', {
  base64: record({
    type: oneOf('base64'),
    media_type: oneOf('image/jpeg', 'image/png', 'image/gif', 'image/webp'),
    data: base64,
  }),
  url: record({ type: oneOf('url'), url: webAddress }),
  file: record({ type: oneOf('file'), file_id: text({ min: 1 }) }),
});

const imageBlock = record({ type: oneOf('image'), source: imageSource }, { ...cacheable, transformations: nullable(openObject) });

const documentBlock = record(
  {
    type: oneOf('document'),
    source: tagged('type', {
      base64: record({ type: oneOf('base64'), media_type: oneOf('application/pdf'), data: base64 }),
      text: record({ type: oneOf('text'), media_type: oneOf('text/plain'), data: text() }),
      url: record({ type: oneOf('url'), url: webAddress }),
      file: record({ type: oneOf('file'), file_id: text() }),
      content: record({
        type: oneOf('content'),
        content: byType({ string: text(), array: list(tagged('type', { text: textBlock, image: imageBlock })) }),
      }),
    }),
  },
  { ...cacheable, citations: nullable(record({}, { enabled: flag })), context: nullable(text()), title: nullable(text()) },
);

const resultContent = byType({
  string: text(),
  array: list(
    tagged('type', {
      text: textBlock,
      image: imageBlock,
      document: documentBlock,
      search_result: openObject,
      tool_reference: openObject,
      browser_state: openObject,
    }),
  ),
});

const block = tagged('type', {
  text: textBlock,
  image: imageBlock,
  document: documentBlock,
  search_result: openObject,
  thinking: record({ type: oneOf('thinking'), thinking: text(), signature: text() }),
  redacted_thinking: record({ type: oneOf('redacted_thinking'), data: text() }),
  tool_use: record(
    { type: oneOf('tool_use'), id: callId, name: text({ min: 1, max: 200 }), input: openObject },
    { ...cacheable, caller: openObject, toolset_name: nullable(text()) },
  ),
  tool_result: record(
    { type: oneOf('tool_result'), tool_use_id: callId },
    { ...cacheable, content: resultContent, is_error: flag, toolset_name: nullable(text()) },
  ),
  server_tool_use: openObject,
  web_search_tool_result: openObject,
  web_fetch_tool_result: openObject,
  code_execution_tool_result: openObject,
  bash_code_execution_tool_result: openObject,
  text_editor_code_execution_tool_result: openObject,
  tool_search_tool_result: openObject,
  container_upload: openObject,
});

const message = record({ role: oneOf('user', 'assistant', 'system'), content: byType({ string: text(), array: list(block) }) });

const customTool = record(
  { name: toolName, input_schema: tagged('type', { object: openObject }) },
  {
    ...cacheable,
    type: nullable(oneOf('custom')),
    allowed_callers: list(text()),
    defer_loading: flag,
    description: text(),
    eager_input_streaming: nullable(flag),
    input_examples: list(openObject),
    strict: flag,
  },
);

/** Tools that Anthropic defines carry a date in their type; what else is in them is not looked at. */
const isVendorTool = (tool: unknown): boolean => typeof tool === 'object' && tool !== null && 'type' in tool && /_\d{8}$/.test(String(tool.type));

const tool: Shape = (value, path) => (isVendorTool(value) ? undefined : customTool(value, [...path, { variant: 'custom' }]));

const parallel = { disable_parallel_tool_use: flag };

const toolChoice = tagged('type', {
  auto: record({ type: oneOf('auto') }, parallel),
  any: record({ type: oneOf('any') }, parallel),
  tool: record({ type: oneOf('tool'), name: toolName }, parallel),
  none: record({ type: oneOf('none') }),
});

const display = { display: nullable(oneOf('summarized', 'omitted')) };

const outputFormat = tagged('type', { json_schema: record({ type: oneOf('json_schema'), schema: openObject }) });

const optional = {
  cache_control: cacheControl,
  container: anything,
  diagnostics: nullable(openObject),
  inference_geo: nullable(text()),
  metadata: record({}, { user_id: nullable(text({ max: 256 })) }),
  output_config: record({}, { effort: nullable(oneOf('low', 'medium', 'high', 'xhigh', 'max')), format: nullable(outputFormat) }),
  service_tier: oneOf('auto', 'standard_only'),
  speed: nullable(oneOf('standard', 'fast')),
  stop_sequences: list(text({ min: 1 })),
  stream: flag,
  system: byType({ string: text(), array: list(tagged('type', { text: textBlock })) }),
  // Gone from the SDK's types with the models that refuse them, but the older models still take them.
  temperature: decimal({ min: 0, max: 1 }),
  top_k: integer({ min: 0 }),
  top_p: decimal({ min: 0, max: 1 }),
  thinking: tagged('type', {
    enabled: record({ type: oneOf('enabled'), budget_tokens: integer({ min: 1024 }) }, display),
    adaptive: record({ type: oneOf('adaptive') }, display),
    disabled: record({ type: oneOf('disabled') }),
    between_tools: record({ type: oneOf('between_tools') }),
  }),
  tool_choice: toolChoice,
  tools: list(tool),
} satisfies Record<Exclude<keyof AnthropicRequest, 'max_tokens' | 'messages' | 'model' | HeaderField>, Shape>;

/** What the SDK takes among its parameters and sends as headers. */
type HeaderField = 'user_profile_id' | 'workspace_id';

/** A body of POST /v1/messages, field by field; a new field of the SDK's types breaks the build until it is named here. */
export const anthropicRequestShape = record(
  { model: text({ min: 1 }), messages: list(message, { min: 1, max: 100_000 }), max_tokens: integer({ min: 0 }) },
  optional,
);

const { cache_control, output_config, speed, system, thinking, tool_choice, tools } = optional;

/** A body of POST /v1/messages/count_tokens. */
export const anthropicCountShape = record({ model: text({ min: 1 }), messages: list(message, { min: 1, max: 100_000 }) }, {
  cache_control,
  output_config,
  speed,
  system,
  thinking,
  tool_choice,
  tools,
} satisfies Record<Exclude<keyof MessageCountTokensParams, 'messages' | 'model' | HeaderField>, Shape>);
