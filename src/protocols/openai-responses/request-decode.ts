import { optional, optionalBoolean, optionalCount, optionalNumber, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Message, Reasoning, ResponseFormat } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import { efforts, verbosities } from '../openai-chat/request-fields.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeInput, keptAtOpenAi } from './request-decode-input.ts';
import { decodeTools, decodeToolSettings } from './request-decode-tools.ts';
import { logprobsInText } from './wire.ts';

/** Fields that are carried, or whose own reader warns. What `stream_options` says concerns the client's own stream alone. */
const carried: readonly string[] = [
  'model',
  'stream',
  'stream_options',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'include',
  'text',
  'reasoning',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'service_tier',
];

/** What only OpenAI has, without which the request would mean something else. */
const keptByOpenAi = ['previous_response_id', 'conversation', 'prompt'];

/** Values that say what happens without them, so that nothing is lost. */
const changesNothing = new Map([
  ['store', 'false'],
  ['background', 'false'],
  ['truncation', '"disabled"'],
  ['context_management', '[]'],
]);

/** Every answer's text may bring annotations, and every message a phase. */
const saidOnce = new Map([
  ['annotations', 'annotations have no counterpart in other protocols and are left out, here and wherever else they stand'],
  ['phase', 'phases of messages have no counterpart in other protocols and are left out, here and wherever else they stand'],
]);

/** A request in canonical form; a warning for each field that the form cannot hold. Throws JsonFieldError, also where only OpenAI itself could answer. */
export function decodeRequest(body: JsonNode): Carried<ChatRequest> {
  for (const field of keptByOpenAi) if (optional(body, field) !== undefined) throw new JsonFieldError(field, keptAtOpenAi);
  if (optionalBoolean(body, 'background') === true) {
    throw new JsonFieldError(
      'background',
      'is done by OpenAI alone, and this model is served by another provider: wait for the answer, or stream it',
    );
  }
  const warnings = new Warnings(saidOnce);
  const request: ChatRequest = {
    stream: optionalBoolean(body, 'stream') ?? false,
    messages: [...decodeInstructions(body), ...decodeInput(required(body, 'input'), warnings)],
    tools: decodeTools(body, warnings),
    stop: [],
  };
  decodeToolSettings(body, request, warnings);
  decodeSettings(body, request, warnings);
  decodeText(body, request, warnings);
  const reasoning = decodeReasoning(body, warnings);
  if (reasoning !== undefined) request.reasoning = reasoning;
  warnings.others(body, [...carried, ...[...changesNothing.keys()].filter((key) => isDefault(body, key))]);
  return { value: request, warnings: warnings.list };
}

const isDefault = (body: JsonNode, key: string): boolean => {
  const value = body.get(key);
  return value !== undefined && JSON.stringify(JSON.parse(value.text)) === changesNothing.get(key);
};

function decodeInstructions(body: JsonNode): Message[] {
  const text = optionalString(body, 'instructions') ?? '';
  return text === '' ? [] : [{ role: 'system', content: [{ type: 'text', text }] }];
}

function decodeSettings(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const maxTokens = optionalCount(body, 'max_output_tokens', 1);
  if (maxTokens !== undefined) request.maxTokens = maxTokens;
  const temperature = optionalNumber(body, 'temperature');
  if (temperature !== undefined) request.temperature = temperature;
  const topP = optionalNumber(body, 'top_p');
  if (topP !== undefined) request.topP = topP;
  const promptCacheKey = optionalString(body, 'prompt_cache_key');
  if (promptCacheKey !== undefined) request.promptCacheKey = promptCacheKey;
  const serviceTier = optionalString(body, 'service_tier');
  if (serviceTier !== undefined && serviceTier !== 'auto') request.serviceTier = serviceTier;
  const metadata = optional(body, 'metadata');
  if (metadata !== undefined) request.metadata = Object.fromEntries([...metadata.fields()].map(({ value }) => [String(value.name), value.string()]));
  decodeUser(body, request, warnings);
  decodeInclude(body, request, warnings);
}

/** `safety_identifier` has taken the place of `user`. */
function decodeUser(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const identifier = optionalString(body, 'safety_identifier');
  const user = optionalString(body, 'user');
  if (identifier !== undefined && user !== undefined && user !== identifier) warnings.add(required(body, 'user'), 'gives way to safety_identifier');
  const chosen = identifier ?? user;
  if (chosen !== undefined) request.user = chosen;
}

/** What the answer shall hold besides. Encrypted reasoning is always there. */
export function decodeInclude(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  let isAsked = false;
  for (const item of optional(body, 'include')?.items() ?? []) {
    const wanted = item.string();
    if (wanted === logprobsInText) isAsked = true;
    else if (wanted !== 'reasoning.encrypted_content') warnings.add(item, 'is not carried: it is part of what only OpenAI has');
  }
  const top = optionalCount(body, 'top_logprobs') ?? 0;
  if (isAsked || top > 0) request.logprobs = { top };
}

function decodeText(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const text = optional(body, 'text');
  if (text === undefined) return;
  warnings.others(text, ['format', 'verbosity']);
  const word = optionalString(text, 'verbosity');
  const verbosity = verbosities.find((known) => known === word);
  if (verbosity !== undefined) request.verbosity = verbosity;
  else if (word !== undefined) warnings.add(required(text, 'verbosity'), 'is not known');
  const format = optional(text, 'format');
  const responseFormat = format && decodeFormat(format, warnings);
  if (responseFormat !== undefined) request.responseFormat = responseFormat;
}

function decodeFormat(format: JsonNode, warnings: Warnings): ResponseFormat | undefined {
  const type = requiredString(format, 'type');
  switch (type) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json-object' };
    case 'json_schema': {
      warnings.others(format, ['type', 'name', 'description', 'schema', 'strict']);
      const name = optionalString(format, 'name');
      const description = optionalString(format, 'description');
      const strict = optionalBoolean(format, 'strict');
      return {
        type: 'json-schema',
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description }),
        schema: objectText(required(format, 'schema')),
        ...(strict !== undefined && { strict }),
      };
    }
    default:
      warnings.add(format, `is not carried: a format of type ${type}`);
      return undefined;
  }
}

/** How much the model shall think, and whether the answer shall sum it up. */
export function decodeReasoning(body: JsonNode, warnings: Warnings): Reasoning | undefined {
  const node = optional(body, 'reasoning');
  if (node === undefined) return undefined;
  const isUsual = (field: string, value: string): string[] => (optional(node, field)?.text === JSON.stringify(value) ? [field] : []);
  warnings.others(node, ['effort', 'summary', 'generate_summary', ...isUsual('context', 'auto'), ...isUsual('mode', 'standard')]);
  const word = optionalString(node, 'effort');
  const effort = efforts.find((known) => known === word);
  if (word !== undefined && effort === undefined) warnings.add(required(node, 'effort'), 'is not known');
  const summary = optional(node, 'summary') ?? optional(node, 'generate_summary');
  if (summary !== undefined && summary.string() !== 'auto') warnings.add(summary, 'is carried as auto: others do not choose how much is shown');
  const reasoning: Reasoning = { ...(effort !== undefined && { effort }), ...(summary !== undefined && { show: true }) };
  return Object.keys(reasoning).length === 0 ? undefined : reasoning;
}
