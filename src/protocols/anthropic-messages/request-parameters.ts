import { optional, optionalCount, optionalNumber } from '../../framing/json-fields.ts';
import type { Writable } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { Reasoning, Warning } from '../../llm/request.ts';
import { setFields, setInnerFields, type ChatParameters } from '../chat-parameters.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeReasoning } from './request-decode-config.ts';
import { encodeSampling } from './request-encode-options.ts';
import { planThinking, type Thinking } from './request-encode-thinking.ts';
import { rulesOf, type ModelRules } from './request-models.ts';

/** Parameters of a rule in a client's own bytes, with what the model would refuse beside them taken out. */
export function parameterEdits(body: JsonNode, parameters: ChatParameters, model: string): Carried<Edit[]> {
  const warnings: Warning[] = [];
  const rules = rulesOf(model);
  const own = decodeReasoning(body, new Warnings());
  const maxTokens = parameters.maxTokens ?? optionalCount(body, 'max_tokens', 1);
  const reasoning = changedReasoning(own, parameters);
  const plan = reasoning && planThinking({ reasoning, maxTokens, canResume: true }, rules, warnings);
  const config = setInnerFields(optional(body, 'output_config'), plan === undefined ? {} : { effort: plan.effort ?? null });
  const fields = {
    max_tokens: parameters.maxTokens,
    thinking: plan && (plan.thinking ?? null),
    output_config: config.whole,
    ...samplingFields(body, parameters, { model, sampling: rules.sampling, thinking: plan ?? asWritten(own) }, warnings),
  };
  return { value: [...setFields(body, fields), ...config.edits], warnings };
}

/** How much the model shall think now; undefined where it stays as the client wrote it. A budget must fit into the output. */
export function changedReasoning(own: Reasoning | undefined, { maxTokens, reasoningEffort }: ChatParameters): Reasoning | undefined {
  const { show } = own ?? {};
  if (reasoningEffort !== undefined) return { effort: reasoningEffort, ...(show !== undefined && { show }) };
  return own?.budgetTokens !== undefined && maxTokens !== undefined && own.budgetTokens >= maxTokens ? own : undefined;
}

/** What the client's own words on thinking mean for other options. */
function asWritten(own: Reasoning | undefined): Thinking {
  if (own === undefined || own.effort === 'none') return { maxTokens: 0, mode: 'off' };
  return { thinking: {}, maxTokens: 0, mode: own.budgetTokens === undefined ? 'adaptive' : 'manual' };
}

interface Sampling {
  temperature: number | undefined;
  topP: number | undefined;
}

/** What a rule sets, beside what the client has; where a model takes one of the two alone, the rule's. */
export function sampling(set: Sampling, own: Sampling, rules: Pick<ModelRules, 'sampling'>, warnings: Warning[]): Sampling {
  const isAlone = rules.sampling === 'one' && set.topP !== undefined && set.temperature === undefined;
  if (isAlone && own.temperature !== undefined) warnings.push({ field: 'temperature', detail: 'gives way to top_p, which a rule sets' });
  return { temperature: set.temperature ?? (isAlone ? undefined : own.temperature), topP: set.topP ?? own.topP };
}

/** Some models take none of these, or not all of them beside each other or beside thinking. The client's own stay untouched as long as nothing near them changes. */
function samplingFields(
  body: JsonNode,
  { temperature, topP, reasoningEffort }: ChatParameters,
  rules: Parameters<typeof encodeSampling>[1],
  warnings: Warning[],
): Record<string, Writable> {
  if (temperature === undefined && topP === undefined && reasoningEffort === undefined) return {};
  const own = { temperature: optionalNumber(body, 'temperature'), topP: optionalNumber(body, 'top_p') };
  const topK = optionalCount(body, 'top_k');
  const written = encodeSampling({ ...sampling({ temperature, topP }, own, rules, warnings), topK }, rules, warnings);
  return { temperature: written['temperature'] ?? null, top_p: written['top_p'] ?? null, top_k: written['top_k'] ?? null };
}
