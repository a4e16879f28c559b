import type { Writable } from '../../framing/json-write.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { encodeSampling } from '../anthropic-messages/request-encode-options.ts';
import type { Plan } from './request-encode-reasoning.ts';
import type { ConverseRules } from './request-models.ts';

/** What of the options stands in Converse's own field, and what in the model's. */
export interface WrittenOptions {
  inferenceConfig: Record<string, Writable>;
  additional: Record<string, Writable>;
}

/** How tokens are chosen, how many at most, and where the answer stops. */
export function encodeInference(
  request: ChatRequest,
  model: string,
  { rules, plan }: { rules: ConverseRules; plan: Plan },
  warnings: Warning[],
): WrittenOptions {
  const temperature = atMostOne(request.temperature, warnings);
  const asked = { ...request, ...(temperature !== undefined && { temperature }) };
  const {
    temperature: warmth,
    top_p: topP,
    top_k: topK,
  } = plan.claude === undefined
    ? sampling(asked, plan, warnings)
    : encodeSampling(asked, { refuser: model, sampling: plan.claude.rules.sampling, thinking: plan.claude.thinking }, warnings);
  const stop = request.stop.filter((sequence) => sequence.trim() !== '');
  if (stop.length < request.stop.length) warnings.push({ field: 'stop', detail: 'blank stop sequences are refused and left out' });
  return {
    inferenceConfig: { maxTokens: plan.maxTokens, temperature: warmth, topP, stopSequences: stop.length === 0 ? undefined : stop },
    additional: topK === undefined ? {} : topKField(topK, rules, warnings),
  };
}

function atMostOne(temperature: number | undefined, warnings: Warning[]): number | undefined {
  if (temperature === undefined || temperature <= 1) return temperature;
  warnings.push({ field: 'temperature', detail: 'is at most 1 in the Converse API; 1 is sent' });
  return 1;
}

function sampling({ temperature, topP, topK }: ChatRequest, { refusesSampling }: Plan, warnings: Warning[]): Record<string, Writable> {
  const values = { temperature, top_p: topP, top_k: topK };
  if (!refusesSampling) return values;
  for (const [field, value] of Object.entries(values)) {
    if (value !== undefined) warnings.push({ field, detail: 'is refused at the highest effort of reasoning and left out' });
  }
  return {};
}

/** Each maker has its own place for it. */
function topKField(topK: Writable, { topK: path }: ConverseRules, warnings: Warning[]): Record<string, Writable> {
  if (path === undefined) {
    warnings.push({ field: 'top_k', detail: 'has no counterpart for this model in the Converse API and is left out' });
    return {};
  }
  const [outer, ...inner] = path;
  return { [outer]: inner.reduceRight((value: Writable, key) => ({ [key]: value }), topK) };
}

/** What the API has no counterpart for, by the field that most APIs have it in; values that are the API's own default are as good as absent. */
const unknownOptions: readonly (readonly [field: string, isSaid: (request: ChatRequest) => boolean])[] = [
  ['seed', ({ seed }) => seed !== undefined],
  ['frequency_penalty', ({ frequencyPenalty = 0 }) => frequencyPenalty !== 0],
  ['presence_penalty', ({ presencePenalty = 0 }) => presencePenalty !== 0],
  ['n', ({ choices = 1 }) => choices !== 1],
  ['logprobs', ({ logprobs }) => logprobs !== undefined],
  ['user', ({ user }) => user !== undefined],
  ['prediction', ({ prediction }) => prediction !== undefined],
  ['verbosity', ({ verbosity = 'medium' }) => verbosity !== 'medium'],
  ['prompt_cache_key', ({ promptCacheKey }) => promptCacheKey !== undefined],
];

/** Bedrock's tiers by the words for them: its own, which OpenAI shares, and Anthropic's. `auto` is what goes without saying. */
const tiers = new Map([
  ['default', 'default'],
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['reserved', 'reserved'],
  ['standard', 'default'],
  ['standard_only', 'default'],
]);

/** What else a request may say. */
export function encodeOptions(request: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  for (const [field, isSaid] of unknownOptions) {
    if (isSaid(request)) warnings.push({ field, detail: 'has no counterpart in the Converse API and is left out' });
  }
  const { serviceTier } = request;
  const type = serviceTier === undefined ? undefined : tiers.get(serviceTier);
  if (serviceTier !== undefined && serviceTier !== 'auto' && type === undefined) {
    warnings.push({ field: 'service_tier', detail: 'is no tier of Bedrock and is left out' });
  }
  return { serviceTier: type === undefined ? undefined : { type }, requestMetadata: encodeMetadata(request, warnings) };
}

/** Most entries of `requestMetadata`, and what they may hold (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
const maxEntries = 16;
const entryKey = /^[a-zA-Z0-9\s:_@$#=/+,\-.]{1,256}$/;
const entryValue = /^[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}$/;

function encodeMetadata({ metadata = {} }: ChatRequest, warnings: Warning[]): Writable {
  const entries = Object.entries(metadata);
  const taken = entries.filter(([key, value]) => entryKey.test(key) && entryValue.test(value)).slice(0, maxEntries);
  if (taken.length < entries.length) {
    warnings.push({
      field: 'metadata',
      detail: `${entries.length - taken.length} of its entries are left out: Bedrock takes ${maxEntries}, of letters, digits and few signs`,
    });
  }
  return taken.length === 0 ? undefined : Object.fromEntries(taken);
}

/** Fields that an object has, if it has any: no empty object is written. */
export const unlessEmpty = (fields: Record<string, Writable>): Writable =>
  Object.values(fields).every((value) => value === undefined) ? undefined : fields;
