import { effortOf, nearestEffort } from '../../llm/reasoning.ts';
import type { ChatRequest, ReasoningEffort, Warning } from '../../llm/request.ts';

/** What a family of OpenAI's models takes (https://platform.openai.com/docs/models). */
interface ModelRules {
  family: RegExp;
  /** The efforts it takes; empty where it does not reason, absent where it takes all. */
  efforts?: readonly ReasoningEffort[];
  /** Whether sampling can be set: while it does not reason, always, or never. */
  sampling: 'while-not-reasoning' | 'always' | 'never';
  /** Most output tokens. */
  maxOutput?: number;
}

/** Looked at in their order, under the names of all who serve OpenAI's models. Models that are not among them take what they are sent. */
const families: readonly ModelRules[] = [
  { family: /(?:^|\/)(?:gpt-3\.5|gpt-4o.*-(?:audio|search)|gpt-5-chat)/, efforts: [], sampling: 'always' },
  { family: /(?:^|\/)gpt-4o/, efforts: [], sampling: 'always', maxOutput: 16_384 },
  { family: /(?:^|\/)gpt-4\.1/, efforts: [], sampling: 'always', maxOutput: 32_768 },
  { family: /(?:^|\/)gpt-4/, efforts: [], sampling: 'always' },
  { family: /(?:^|\/)o\d/, efforts: ['low', 'medium', 'high'], sampling: 'never', maxOutput: 100_000 },
  { family: /(?:^|\/)gpt-5(?:-mini|-nano)?(?:-\d|$)/, efforts: ['minimal', 'low', 'medium', 'high'], sampling: 'never', maxOutput: 128_000 },
  { family: /(?:^|\/)gpt-5\.1/, efforts: ['none', 'low', 'medium', 'high'], sampling: 'while-not-reasoning', maxOutput: 128_000 },
  { family: /(?:^|\/)gpt-5\.[2-5]/, efforts: ['none', 'low', 'medium', 'high', 'xhigh'], sampling: 'while-not-reasoning', maxOutput: 128_000 },
  { family: /(?:^|\/)gpt-5/, sampling: 'while-not-reasoning', maxOutput: 128_000 },
  { family: /(?:^|\/)gpt-[6-9]/, sampling: 'never', maxOutput: 128_000 },
];

/** A request without what one of OpenAI's models refuses, whichever of OpenAI's protocols it goes out in. */
export function fitToModel(request: ChatRequest, model: string, warnings: Warning[]): ChatRequest {
  const rules = families.find(({ family }) => family.test(model));
  if (rules === undefined) return request;
  const fitted = { ...request };
  fitReasoning(fitted, rules, warnings);
  const effort = fitted.reasoning && effortOf(fitted.reasoning);
  const isSampled = rules.sampling === 'always' || (rules.sampling === 'while-not-reasoning' && (effort === undefined || effort === 'none'));
  const { maxOutput } = rules;
  if (maxOutput !== undefined && fitted.maxTokens !== undefined && fitted.maxTokens > maxOutput) {
    warnings.push({ field: 'max_tokens', detail: `is ${maxOutput}, the most that this model gives` });
    fitted.maxTokens = maxOutput;
  }
  return isSampled ? fitted : withoutSampling(fitted, warnings);
}

/** Of the efforts that the model takes the nearest; a budget becomes one. A model that does not reason is told nothing of it. */
function fitReasoning(request: ChatRequest, { efforts }: ModelRules, warnings: Warning[]): void {
  const { reasoning } = request;
  if (reasoning === undefined || efforts === undefined) return;
  const effort = effortOf(reasoning);
  if (efforts.length === 0) {
    const isAsked = effort === undefined ? reasoning.show === true : effort !== 'none';
    if (isAsked) warnings.push({ field: 'reasoning', detail: 'is left out: this model does not reason' });
    delete request.reasoning;
    return;
  }
  const nearest = effort && nearestEffort(effort, efforts);
  if (nearest === undefined || nearest === effort) return;
  const { effort: named, budgetTokens: _, ...others } = reasoning;
  if (named !== undefined) warnings.push({ field: 'reasoning', detail: `is not ${effort} but ${nearest}, the nearest that this model has` });
  request.reasoning = { ...others, effort: nearest };
}

/** Options of sampling, as most APIs write them, with the values that are what a model that reasons does anyway. */
const samplingOptions = [
  ['temperature', 'temperature', 1],
  ['top_p', 'topP', 1],
  ['frequency_penalty', 'frequencyPenalty', 0],
  ['presence_penalty', 'presencePenalty', 0],
  ['logprobs', 'logprobs', undefined],
] as const satisfies readonly (readonly [string, keyof ChatRequest, number | undefined])[];

function withoutSampling(request: ChatRequest, warnings: Warning[]): ChatRequest {
  const detail = 'cannot be set for this model while it reasons';
  for (const [field, ours, usual] of samplingOptions) {
    const value = request[ours];
    if (value !== undefined && value !== usual) warnings.push({ field, detail });
  }
  if (request.stop.length > 0) warnings.push({ field: 'stop', detail });
  const {
    temperature: _temperature,
    topP: _topP,
    frequencyPenalty: _frequency,
    presencePenalty: _presence,
    logprobs: _logprobs,
    ...others
  } = request;
  return { ...others, stop: [] };
}
