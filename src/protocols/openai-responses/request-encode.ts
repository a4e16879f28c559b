import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import { effortOf, nearestEffort } from '../../llm/reasoning.ts';
import type { ChatRequest, ResponseFormat, Tool, ToolChoice, Warning } from '../../llm/request.ts';
import { serviceTiers } from '../openai-chat/request-fields.ts';
import { fitToModel } from '../openai-chat/request-models.ts';
import { jsonInstruction, renames } from '../openai-chat/request-quirks.ts';
import type { Carried, Quirks, Target } from '../protocol.ts';
import { logprobsInText } from './wire.ts';
import { encodeInput } from './request-encode-input.ts';
import { fitsStrictMode } from '../openai-chat/request-strict-schema.ts';

type Fields = Record<string, Writable>;

/** A canonical request as a provider of this protocol takes it: it keeps nothing, and gives its reasoning in a form that can be sent back. */
export function encodeRequest(whole: ChatRequest, target: Target): Carried<string> {
  const warnings: Warning[] = [];
  const fieldless = { stop: [], frequencyPenalty: 0, presencePenalty: 0 }; // has no field for any model
  const request = fitToModel({ ...whole, ...fieldless }, target.model, warnings);
  const body = {
    ...encodePrompt(request, target, warnings),
    stream: request.stream || undefined,
    store: false,
    include: encodeInclude(request, target.model),
    max_output_tokens: encodeMaxTokens(request, warnings),
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: request.logprobs && request.logprobs.top > 0 ? request.logprobs.top : undefined,
    metadata: request.metadata,
    safety_identifier: request.user,
    prompt_cache_key: request.promptCacheKey,
    service_tier: encodeServiceTier(request, warnings),
  };
  warnLost(whole, warnings);
  return { value: writeJson(withQuirks(body, target.quirks, warnings)), warnings };
}

/** What the model gets to read, and how it shall answer: all that counts as input tokens. */
export function encodePrompt(request: ChatRequest, { model, quirks }: Target, warnings: Warning[]): Fields {
  const { instructions, input } = encodeInput(request.messages, quirks, warnings);
  // OpenAI refuses JSON mode where the input, without the instructions, does not mention it.
  const isUnmentioned = request.responseFormat?.type === 'json-object' && !/json/i.test(writeJson(input));
  return {
    model,
    instructions,
    input: isUnmentioned ? [{ role: 'system', content: jsonInstruction() }, ...input] : input,
    ...encodeTools(request, warnings),
    text: encodeText(request, warnings),
    reasoning: encodeReasoning(request, quirks, warnings),
  };
}

/** The body as this server has it: fields under its names, and without those that it refuses. */
export function withQuirks(body: Fields, quirks: Quirks, warnings: Warning[]): Fields {
  const names = renames(quirks);
  const refused = new Set(quirks.refusedFields);
  const fields = Object.entries(body).flatMap(([field, value]): [string, Writable][] => {
    if (value === undefined) return [];
    if (!refused.has(field)) return [[names.get(field) ?? field, value]];
    if (field !== 'store' && field !== 'include') warnings.push({ field, detail: 'is not taken by this provider' });
    return [];
  });
  return Object.fromEntries(fields);
}

/** Models of OpenAI's that reason, under the names of all clouds. The others refuse to include encrypted reasoning. */
const reasoningModel = /(?:^|[/.:])(?:o\d|gpt-(?:[5-9]|\d\d)|gpt-oss|codex|computer-use)(?!-chat)/;

function encodeInclude({ logprobs, reasoning, messages }: ChatRequest, model: string): Writable {
  const hasState = messages.some(
    ({ role, content }) => role === 'assistant' && content.some((item) => item.type === 'reasoning' && item.state?.origin === 'openai'),
  );
  const asked = reasoning === undefined ? undefined : effortOf(reasoning);
  const reasons = reasoningModel.test(model) || hasState || (asked !== undefined && asked !== 'none');
  const include = [...(reasons ? ['reasoning.encrypted_content'] : []), ...(logprobs === undefined ? [] : [logprobsInText])];
  return include.length === 0 ? undefined : include;
}

/** Fewest output tokens that OpenAI lets a client ask for. */
const fewestTokens = 16;

/** The limit of the output, if there is one, as it may be sent. */
export function encodeMaxTokens({ maxTokens }: ChatRequest, warnings: Warning[]): number | undefined {
  if (maxTokens === undefined || maxTokens >= fewestTokens) return maxTokens;
  warnings.push({ field: 'max_tokens', detail: `is at least ${fewestTokens} in OpenAI Responses; ${fewestTokens} is sent` });
  return fewestTokens;
}

function encodeServiceTier({ serviceTier }: ChatRequest, warnings: Warning[]): string | undefined {
  const tier = serviceTier === 'standard' || serviceTier === 'standard_only' ? 'default' : serviceTier; // Anthropic's and Google's word for it
  if (tier === undefined || tier === 'auto') return undefined;
  if (tier === 'ultrafast' || serviceTiers.includes(tier)) return tier;
  warnings.push({ field: 'service_tier', detail: `is none of ${serviceTiers.join(', ')}` });
  return undefined;
}

/** Tools, and what may be chosen of them: a choice without tools is refused. */
function encodeTools({ tools, toolChoice, parallelToolCalls }: ChatRequest, warnings: Warning[]): Fields {
  if (tools.length > 0) {
    return {
      tools: tools.map((tool, index) => encodeTool(tool, `tools[${index}]`, warnings)),
      tool_choice: toolChoice && encodeToolChoice(toolChoice),
      parallel_tool_calls: parallelToolCalls,
    };
  }
  if (toolChoice?.type === 'required' || toolChoice?.type === 'tool')
    warnings.push({ field: 'tool_choice', detail: 'there are no tools to choose from' });
  return {};
}

/** Here alone, functions are strict unless they say that they are not. */
function encodeTool({ name, description, parameters, strict = false, cache }: Tool, field: string, warnings: Warning[]): Writable {
  if (cache !== undefined) warnings.push({ field, detail: 'its mark for the prompt cache is not carried' });
  const isStrict = strict && fitsStrictMode(parameters);
  if (strict && !isStrict) warnings.push({ field, detail: looseSchema });
  return { type: 'function', name, description, parameters: new RawJson(parameters), strict: isStrict };
}

const looseSchema = 'is not strict: OpenAI wants all properties required, no others permitted, and knows fewer keywords';

const encodeToolChoice = (choice: ToolChoice): Writable => (choice.type === 'tool' ? { type: 'function', name: choice.name } : choice.type);

function encodeText({ responseFormat, verbosity }: ChatRequest, warnings: Warning[]): Writable {
  const format = responseFormat && encodeFormat(responseFormat, warnings);
  return format === undefined && verbosity === undefined ? undefined : { format, verbosity };
}

/** A schema is enforced where OpenAI can: whoever asks for one elsewhere may rely on it. A name it must have, of letters, digits, `_` and `-`. */
function encodeFormat(format: ResponseFormat, warnings: Warning[]): Writable {
  if (format.type === 'json-object') return { type: 'json_object' };
  const { name = '', description, schema, strict } = format;
  const fits = strict !== false && fitsStrictMode(schema);
  if (strict === true && !fits) warnings.push({ field: 'response_format', detail: looseSchema });
  return {
    type: 'json_schema',
    name: name.replaceAll(/[^\w-]/g, '_').slice(0, 64) || 'answer',
    description,
    schema: new RawJson(schema),
    strict: fits,
  };
}

function encodeReasoning({ reasoning }: ChatRequest, { reasoningEfforts }: Quirks, warnings: Warning[]): Writable {
  if (reasoning === undefined) return undefined;
  const effort = effortOf(reasoning);
  const taken = effort === undefined || reasoningEfforts === undefined ? effort : nearestEffort(effort, reasoningEfforts);
  if (reasoning.effort !== undefined && taken !== effort) {
    warnings.push({ field: 'reasoning', detail: `is not ${effort} but ${taken}, the nearest that this provider has` });
  }
  const summary = reasoning.show === true ? 'auto' : undefined;
  return taken === undefined && summary === undefined ? undefined : { effort: taken, summary };
}

/** What this API has no field for. Values that change nothing are not missed. */
function warnLost(request: ChatRequest, warnings: Warning[]): void {
  const { topK, seed, stop, choices = 1, frequencyPenalty = 0, presencePenalty = 0, prediction } = request;
  const lost: Record<string, boolean> = {
    top_k: topK !== undefined,
    seed: seed !== undefined,
    stop: stop.length > 0,
    n: choices > 1,
    frequency_penalty: frequencyPenalty !== 0,
    presence_penalty: presencePenalty !== 0,
    prediction: prediction !== undefined,
  };
  for (const [field, isLost] of Object.entries(lost)) if (isLost) warnings.push({ field, detail: 'OpenAI Responses has no such field' });
}
