import { optional, optionalBoolean, optionalCount, optionalNumber, optionalString, required } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { ChatRequest, ReasoningEffort } from '../../llm/request.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeResponseFormat } from './request-decode-format.ts';
import { decodeMessages } from './request-decode-messages.ts';
import { decodeTools, decodeToolSettings } from './request-decode-tools.ts';
import { efforts, sharedNumbers, verbosities } from './request-fields.ts';
import { requestedMaxTokens } from './request.ts';
import { texts } from './request-decode-content.ts';

/** Fields that are carried, or whose own reader warns. */
const carried: readonly string[] = [
  ...sharedNumbers.map(([field]) => field),
  'model',
  'messages',
  'stream',
  'tools',
  'functions',
  'tool_choice',
  'function_call',
  'parallel_tool_calls',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'seed',
  'top_k',
  'n',
  'logprobs',
  'top_logprobs',
  'metadata',
  'response_format',
  'reasoning_effort',
  'verbosity',
  'prediction',
  'service_tier',
  'prompt_cache_key',
  'user',
  'safety_identifier',
];

/** Values that say what happens without them, so that nothing is lost. */
const changesNothing = new Map([
  ['store', 'false'],
  ['modalities', '["text"]'],
]);

/** A request in canonical form; a warning for each field that the form cannot hold. Throws JsonFieldError. */
export function decodeRequest(body: JsonNode): Carried<ChatRequest> {
  const warnings = new Warnings();
  const request: ChatRequest = {
    stream: optionalBoolean(body, 'stream') ?? false,
    messages: decodeMessages(required(body, 'messages').items(), warnings),
    tools: decodeTools(body, warnings),
    stop: decodeStop(body),
  };
  decodeSampling(body, request, warnings);
  decodeOutput(body, request, warnings);
  decodeLabels(body, request, warnings);
  decodeToolSettings(body, request, warnings);
  // What `stream_options` says concerns the client's stream alone, and is read by `facts`.
  warnings.others(body, [...carried, 'stream_options', ...[...changesNothing.keys()].filter((key) => isDefault(body, key))]);
  return { value: request, warnings: warnings.list };
}

const isDefault = (body: JsonNode, key: string): boolean => {
  const value = body.get(key);
  return value !== undefined && JSON.stringify(JSON.parse(value.text)) === changesNothing.get(key);
};

/** Where the answer shall stop. */
export function decodeStop(body: JsonNode): string[] {
  const stop = optional(body, 'stop');
  if (stop === undefined) return [];
  return stop.type === 'string' ? [stop.string()] : stop.items().map((item) => item.string());
}

/** The numbers that say how tokens are chosen. */
export function decodeNumbers(body: JsonNode, request: ChatRequest): void {
  for (const [field, ours] of sharedNumbers) {
    const value = optionalNumber(body, field);
    if (value !== undefined) request[ours] = value;
  }
}

function decodeSampling(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  decodeNumbers(body, request);
  const topK = optionalNumber(body, 'top_k'); // not OpenAI's, but of most compatible servers
  if (topK !== undefined) request.topK = topK;
  const seed = optionalNumber(body, 'seed');
  if (Number.isSafeInteger(seed)) request.seed = seed as number;
  else if (seed !== undefined) warnings.add(required(body, 'seed'), 'is not a whole number of at most 53 bits');
}

/** What the answer shall be like. */
function decodeOutput(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const maxTokens = requestedMaxTokens(body);
  if (maxTokens !== undefined) request.maxTokens = maxTokens;
  const choices = optionalCount(body, 'n', 1) ?? 1;
  if (choices > 1) request.choices = choices;
  const top = optionalCount(body, 'top_logprobs');
  if (optionalBoolean(body, 'logprobs') === true) request.logprobs = { top: top ?? 0 };
  else if (top !== undefined) warnings.add(required(body, 'top_logprobs'), 'says nothing without logprobs');
  const format = optional(body, 'response_format');
  const responseFormat = format && decodeResponseFormat(format, warnings);
  if (responseFormat !== undefined) request.responseFormat = responseFormat;
  const effort = oneOf<ReasoningEffort>(body, 'reasoning_effort', efforts, warnings);
  // The API has no word for showing what the model thinks; servers that can show it do.
  if (effort !== undefined) request.reasoning = { effort, ...(effort !== 'none' && { show: true }) };
  const verbosity = oneOf(body, 'verbosity', verbosities, warnings);
  if (verbosity !== undefined) request.verbosity = verbosity;
  const prediction = optional(body, 'prediction');
  if (prediction !== undefined) {
    warnings.others(prediction, ['type', 'content']);
    const content = texts(required(prediction, 'content'), warnings);
    request.prediction = content.map(({ text }) => text).join('');
  }
}

function oneOf<Word extends string>(body: JsonNode, field: string, words: readonly Word[], warnings: Warnings): Word | undefined {
  const value = optionalString(body, field);
  const word = words.find((known) => known === value);
  if (value !== undefined && word === undefined) warnings.add(required(body, field), `is not carried: it is none of ${words.join(', ')}`);
  return word;
}

/** What the provider is told about the request that is not for the model. */
function decodeLabels(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const tier = optionalString(body, 'service_tier');
  if (tier !== undefined && tier !== 'auto') request.serviceTier = tier;
  const cacheKey = optionalString(body, 'prompt_cache_key');
  if (cacheKey !== undefined) request.promptCacheKey = cacheKey;
  const metadata = optional(body, 'metadata');
  if (metadata !== undefined) request.metadata = decodeMetadata(metadata, warnings);
  decodeUser(body, request, warnings);
}

function decodeMetadata(metadata: JsonNode, warnings: Warnings): Readonly<Record<string, string>> {
  const labels = new Map<string, string>();
  for (const { key, value } of metadata.fields()) {
    if (value.type === 'string') labels.set(key.string(), value.string());
    else if (value.type !== 'null') warnings.add(value, 'is not carried: it is no string');
  }
  return Object.fromEntries(labels);
}

/** `safety_identifier` has taken the place of `user`, which then is no more than a cache key. */
function decodeUser(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const identifier = optionalString(body, 'safety_identifier');
  const user = optionalString(body, 'user');
  if (identifier !== undefined && user !== undefined && user !== identifier) warnings.add(required(body, 'user'), 'gives way to safety_identifier');
  const chosen = identifier ?? user;
  if (chosen !== undefined) request.user = chosen;
}
