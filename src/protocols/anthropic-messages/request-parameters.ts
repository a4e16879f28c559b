import { optional, optionalCount, optionalNumber } from '../../framing/json-fields.ts';
import type { Writable } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { Reasoning, Warning } from '../../llm/request.ts';
import { setFields, setInnerFields, setsSampling, type ChatParameters } from '../chat-parameters.ts';
import type { Carried, Target } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeReasoning } from './request-decode-config.ts';
import { encodeSampling, type SamplingRules } from './request-encode-options.ts';
import { planThinking, type Thinking } from './request-encode-thinking.ts';
import { rulesOf, type ModelRules } from './request-models.ts';

/** Parameters of a rule in a client's own bytes, with what the model would refuse beside them taken out. */
export function parameterEdits(body: JsonNode, parameters: ChatParameters, target: Target): Carried<Edit[]> {
  const warnings: Warning[] = [];
  const rules = rulesOf(target.model);
  const own = decodeReasoning(body, new Warnings());
  const maxTokens = parameters.maxTokens ?? optionalCount(body, 'max_tokens', 1);
  const reasoning = changedReasoning(own, parameters);
  const plan = reasoning && planThinking({ reasoning, maxTokens, canResume: true }, rules, warnings);
  const config = setInnerFields(optional(body, 'output_config'), plan === undefined ? {} : { effort: plan.effort ?? null });
  const fields = {
    max_tokens: parameters.maxTokens,
    thinking: plan && (plan.thinking ?? null),
    output_config: config.whole,
    ...samplingFields(body, parameters, { ...samplingRules(target, rules), thinking: plan ?? asWritten(own) }, warnings),
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

/** From this version on the API takes no sampling options, not even with their defaults: https://platform.claude.com/docs/en/api/migration-2026-10-21 */
const firstWithoutSampling = '2026-10-21';

/** Which sampling options a request may have, by its model and the version of the API that the client asks for. Clouds have a version of their own in the body. */
function samplingRules({ model, quirks, headers }: Target, { sampling }: ModelRules): Omit<SamplingRules, 'thinking'> {
  const version = quirks.bodyVersion === undefined ? headers?.get('anthropic-version') : undefined;
  // Versions are dates, so that they sort as text.
  if (version !== undefined && version >= firstWithoutSampling) return { refuser: `version ${version} of the API`, sampling: 'none' };
  return { refuser: model, sampling };
}

/** Some models take none of these, or not all of them beside each other or beside thinking. The client's own stay untouched as long as nothing near them changes. */
function samplingFields(body: JsonNode, parameters: ChatParameters, rules: SamplingRules, warnings: Warning[]): Record<string, Writable> {
  if (!setsSampling(parameters)) return {};
  const { temperature, topP } = parameters;
  const sampling = {
    temperature: temperature ?? optionalNumber(body, 'temperature'),
    topP: topP ?? optionalNumber(body, 'top_p'),
    topK: optionalCount(body, 'top_k'),
    prefersTopP: topP !== undefined && temperature === undefined,
  };
  const written = encodeSampling(sampling, rules, warnings);
  return { temperature: written['temperature'] ?? null, top_p: written['top_p'] ?? null, top_k: written['top_k'] ?? null };
}
