import type { Writable } from '../../framing/json-write.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import type { Thinking } from './request-encode-thinking.ts';
import type { ModelRules } from './request-models.ts';

/** How tokens are chosen. */
interface Sampling {
  temperature?: number | undefined;
  topP?: number | undefined;
  topK?: number | undefined;
  prefersTopP?: boolean | undefined;
}

/** The model's part in which sampling options may be sent. */
export interface SamplingRules extends Pick<ModelRules, 'sampling'> {
  /** Who refuses what is refused, for warnings. */
  refuser: string;
  thinking: Thinking;
}

/** With thinking, `top_p` may be no less. Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
const minTopPWithThinking = 0.95;

/** Options that the model refuses are left out. 1 is the default of temperature and top_p: it goes without a warning. */
export function encodeSampling(
  { temperature, topP, topK, prefersTopP = false }: Sampling,
  { refuser, sampling, thinking }: SamplingRules,
  warnings: Warning[],
): Record<string, Writable> {
  const drop = (field: string, value: number | undefined, why: string, byDefault?: number): undefined => {
    if (value !== undefined && value !== byDefault) warnings.push({ field, detail: `is refused by ${refuser}${why} and left out` });
  };
  if (sampling === 'none') {
    return { temperature: drop('temperature', temperature, '', 1), top_p: drop('top_p', topP, '', 1), top_k: drop('top_k', topK, '') };
  }
  if (thinking.thinking !== undefined && thinking.mode !== 'off') {
    const why = ' with thinking';
    const isTaken = topP !== undefined && topP >= minTopPWithThinking;
    return {
      temperature: drop('temperature', temperature, why, 1),
      top_p: isTaken ? topP : drop('top_p', topP, why),
      top_k: drop('top_k', topK, why),
    };
  }
  const isAlone = sampling === 'one';
  if (isAlone && prefersTopP && topP !== undefined) {
    return { temperature: drop('temperature', temperature, ' beside top_p', 1), top_p: topP, top_k: topK };
  }
  if (temperature === undefined) return { top_p: topP, top_k: topK };
  if (temperature > 1) warnings.push({ field: 'temperature', detail: 'is at most 1 in the Anthropic API; 1 is sent' });
  return { temperature: Math.min(temperature, 1), top_p: isAlone ? drop('top_p', topP, ' beside temperature', 1) : topP, top_k: topK };
}

/** Longest `metadata.user_id`, in characters. */
const maxUserLength = 256;

/** What the API has no counterpart for, by the field that most APIs have it in; values that are the API's own default are as good as absent. */
const unknownOptions: readonly (readonly [field: string, isSaid: (request: ChatRequest) => boolean])[] = [
  ['seed', ({ seed }) => seed !== undefined],
  ['frequency_penalty', ({ frequencyPenalty = 0 }) => frequencyPenalty !== 0],
  ['presence_penalty', ({ presencePenalty = 0 }) => presencePenalty !== 0],
  ['n', ({ choices = 1 }) => choices !== 1],
  ['logprobs', ({ logprobs }) => logprobs !== undefined],
  ['metadata', ({ metadata = {} }) => Object.keys(metadata).length > 0],
  ['prediction', ({ prediction }) => prediction !== undefined],
  ['verbosity', ({ verbosity = 'medium' }) => verbosity !== 'medium'],
  ['prompt_cache_key', ({ promptCacheKey }) => promptCacheKey !== undefined],
];

/** Anthropic's tiers by the words for them: its own, and OpenAI's for what is neither dearer nor cheaper. */
const tiers = new Map([
  ['auto', 'auto'],
  ['standard_only', 'standard_only'],
  ['standard', 'standard_only'],
  ['default', 'standard_only'],
]);

/** What else a request may say. */
export function encodeOptions(request: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  for (const [field, isSaid] of unknownOptions) {
    if (isSaid(request)) warnings.push({ field, detail: 'has no counterpart in the Anthropic API and is left out' });
  }
  const { user, serviceTier } = request;
  const stop = request.stop.filter((sequence) => sequence.trim() !== '');
  if (stop.length < request.stop.length) {
    warnings.push({ field: 'stop', detail: 'the Anthropic API refuses blank stop sequences; they are left out' });
  }
  if (user !== undefined && user.length > maxUserLength)
    warnings.push({ field: 'user', detail: `is longer than ${maxUserLength} characters and left out` });
  const tier = serviceTier === undefined ? undefined : tiers.get(serviceTier);
  if (serviceTier !== undefined && tier === undefined)
    warnings.push({ field: 'service_tier', detail: 'is no tier of the Anthropic API and is left out' });
  return {
    stop_sequences: stop.length === 0 ? undefined : stop,
    metadata: user === undefined || user.length > maxUserLength ? undefined : { user_id: user },
    service_tier: tier,
  };
}
