import { parseJson } from '../../framing/json.ts';
import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import { addField, splice } from '../../framing/splice.ts';
import type { ChatRequest, Message, ObjectText, ResponseFormat, Tool, ToolChoice, Warning } from '../../llm/request.ts';
import { fitsStrictMode } from './request-strict-schema.ts';
import { noParameters } from '../object-text.ts';
import type { Carried, Quirks, Target } from '../protocol.ts';
import { encodeMessages } from './request-encode-messages.ts';
import { cacheMarker } from './request-encode-content.ts';
import { serviceTiers, sharedNumbers } from './request-fields.ts';
import { fitToModel } from './request-models.ts';
import { jsonInstruction, withQuirks, writeReasoning } from './request-quirks.ts';

/** A canonical request as a provider of this protocol takes it. */
export function encodeRequest(whole: ChatRequest, { model, quirks }: Target): Carried<string> {
  const warnings: Warning[] = [];
  const request = fitToModel(whole, model, warnings);
  const { field: responseFormat, instruction } = encodeFormat(request, quirks, warnings);
  const messages = encodeMessages(request.messages, quirks, warnings);
  const body = {
    model,
    messages: instruction === undefined ? messages : [{ role: 'system', content: instruction }, ...messages],
    stream: request.stream || undefined,
    stream_options: request.stream && (quirks.usageInStream ?? 'asked') === 'asked' ? { include_usage: true } : undefined,
    max_tokens: request.maxTokens,
    ...Object.fromEntries(sharedNumbers.map(([field, ours]) => [field, request[ours]])),
    seed: request.seed,
    stop: request.stop.length === 0 ? undefined : request.stop,
    n: request.choices,
    logprobs: request.logprobs && true,
    top_logprobs: request.logprobs && request.logprobs.top > 0 ? request.logprobs.top : undefined,
    response_format: responseFormat,
    prediction: request.prediction === undefined ? undefined : { type: 'content', content: request.prediction },
    verbosity: request.verbosity,
    prompt_cache_key: request.promptCacheKey,
    user: request.user,
    ...encodeTools(request, quirks, warnings),
    ...encodeReasoning(request, quirks, warnings),
    ...encodeRest(request, quirks, warnings),
  };
  return { value: writeJson(withQuirks(body, quirks, warnings)), warnings };
}

function encodeReasoning({ reasoning }: ChatRequest, quirks: Quirks, warnings: Warning[]): Record<string, Writable> {
  if (reasoning === undefined) return {};
  const { fields, lost } = writeReasoning(reasoning, quirks);
  if (lost !== undefined) warnings.push({ field: 'reasoning', detail: lost });
  return fields;
}

/** What has a field at some servers only. */
function encodeRest({ topK, metadata, serviceTier }: ChatRequest, quirks: Quirks, warnings: Warning[]): Record<string, Writable> {
  if (topK !== undefined && quirks.topK !== true) warnings.push({ field: 'top_k', detail: 'OpenAI Chat Completions has no such field' });
  if (metadata !== undefined && Object.keys(metadata).length > 0) {
    warnings.push({ field: 'metadata', detail: 'OpenAI takes it only with answers that it shall store, which nobody asked for' });
  }
  const tier = serviceTier === 'standard' || serviceTier === 'standard_only' ? 'default' : serviceTier; // Anthropic's and Google's word for it
  const isTier = tier !== undefined && serviceTiers.includes(tier);
  if (tier !== undefined && tier !== 'auto' && !isTier) warnings.push({ field: 'service_tier', detail: `is none of ${serviceTiers.join(', ')}` });
  return { top_k: quirks.topK === true ? topK : undefined, service_tier: isTier ? tier : undefined };
}

/** OpenAI refuses a tool choice, and a word on parallel calls, in a request without tools. */
function encodeTools({ tools, toolChoice, parallelToolCalls }: ChatRequest, quirks: Quirks, warnings: Warning[]): Record<string, Writable> {
  if (tools.length > 0) {
    return {
      tools: tools.map((tool, index) => encodeTool(tool, `tools[${index}]`, quirks, warnings)),
      tool_choice: toolChoice && encodeToolChoice(toolChoice),
      parallel_tool_calls: parallelToolCalls,
    };
  }
  if (toolChoice?.type === 'required' || toolChoice?.type === 'tool')
    warnings.push({ field: 'tool_choice', detail: 'there are no tools to choose from' });
  return {};
}

function encodeTool({ name, description, parameters, strict, cache }: Tool, field: string, quirks: Quirks, warnings: Warning[]): Writable {
  const { cacheMarkers, strictTools } = quirks;
  const isStrict = strictTools === false || (strict === true && !fitsStrictMode(parameters)) ? undefined : strict;
  if (strict === true && isStrict === undefined) warnings.push({ field, detail: 'its arguments cannot be held to this schema strictly' });
  const marker = cacheMarkers === 'cache_control' ? cacheMarker(cache, cacheMarkers) : {};
  if (cache !== undefined && cacheMarkers !== 'cache_control') warnings.push({ field, detail: 'its mark for the prompt cache is not carried' });
  return { type: 'function', function: { name, description, parameters: new RawJson(asObjectSchema(parameters)), strict: isStrict }, ...marker };
}

/** OpenAI refuses arguments that are not said to be an object of some properties. */
function asObjectSchema(schema: ObjectText): string {
  const root = parseJson(Buffer.from(schema));
  const edits = [
    ...(root.get('type') === undefined ? [addField(root, 'type', '"object"')] : []),
    ...(root.get('properties') === undefined ? [addField(root, 'properties', '{}')] : []),
  ];
  if (edits.length === 0 || root.get('$ref') !== undefined) return schema;
  return root.fields().next().done === true ? noParameters : splice(root.bytes, edits).toString('utf8');
}

const encodeToolChoice = (choice: ToolChoice): Writable =>
  choice.type === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.type;

/** The form of the answer, and what the model must be told besides. */
function encodeFormat(
  { responseFormat, messages }: ChatRequest,
  { jsonSchema }: Quirks,
  warnings: Warning[],
): { field?: Writable; instruction?: string } {
  if (responseFormat === undefined) return {};
  if (responseFormat.type === 'json-schema') {
    if (jsonSchema !== false) return { field: { type: 'json_schema', json_schema: encodeSchema(responseFormat, warnings) } };
    warnings.push({ field: 'response_format', detail: 'the provider knows no schemas: it stands in the prompt, and nobody enforces it' });
    return { field: { type: 'json_object' }, instruction: jsonInstruction(responseFormat.schema) };
  }
  const field = { type: 'json_object' };
  return messages.some(mentionsJson) ? { field } : { field, instruction: jsonInstruction() };
}

const mentionsJson = ({ content }: Message): boolean => content.some((item) => item.type === 'text' && /json/i.test(item.text));

/** OpenAI wants a name, of letters, digits, `_` and `-`. Other makers always hold answers to their schema; OpenAI where it is told so, and can. */
function encodeSchema({ name, description, schema, strict }: Extract<ResponseFormat, { type: 'json-schema' }>, warnings: Warning[]): Writable {
  const fits = strict !== false && fitsStrictMode(schema);
  if (strict === true && !fits) warnings.push({ field: 'response_format', detail: 'the answer cannot be held to this schema strictly' });
  const words = (name ?? '').replaceAll(/[^\w-]/g, '_').slice(0, 64);
  return {
    name: words === '' ? 'answer' : words,
    description,
    schema: new RawJson(schema),
    strict: fits ? true : strict === false ? false : undefined,
  };
}
