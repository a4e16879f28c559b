import { optional } from '../../framing/json-fields.ts';
import type { Writable } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { changedReasoning } from '../anthropic-messages/request-parameters.ts';
import { setFields, setInnerFields, setsSampling, withChatParameters, type ChatParameters } from '../chat-parameters.ts';
import type { Carried, Target } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeInference } from './request-decode.ts';
import { decodeAdditional } from './request-decode-additional.ts';
import { decodeOutput } from './request-decode-output.ts';
import { encodeInference } from './request-encode-options.ts';
import { planReasoning, type Plan } from './request-encode-reasoning.ts';
import { rulesOf } from './request-models.ts';

/** Parameters of a rule in a client's own bytes. Each maker's models have their own field for how much to think. */
export function parameterEdits(body: JsonNode, parameters: ChatParameters, { model }: Target): Carried<Edit[]> {
  const warnings: Warning[] = [];
  const rules = rulesOf(model);
  const config = optional(body, 'inferenceConfig');
  const request = optionsOf(body, parameters);
  const isPlanned = changedReasoning(request.reasoning, parameters) !== undefined;
  const plan = planReasoning({ ...request, ...changed(request, parameters) }, [], rules, isPlanned ? warnings : []);
  const isSampled = setsSampling(parameters);
  const { inferenceConfig } = encodeInference(request, model, { rules, plan }, isSampled ? warnings : []);
  const inference = setInnerFields(config, {
    maxTokens: parameters.maxTokens,
    ...(isSampled && { temperature: inferenceConfig['temperature'] ?? null, topP: inferenceConfig['topP'] ?? null }),
  });
  const own = optional(body, 'additionalModelRequestFields');
  const additional = setInnerFields(own, isPlanned ? reasoningFields(plan) : {});
  // Beside an effort, which Converse has in its own field, this holds the form of the answer.
  const claude = setInnerFields(own && optional(own, 'output_config'), isPlanned ? { effort: null } : {});
  const output = setInnerFields(optional(body, 'outputConfig'), isPlanned ? { effort: plan.effort ?? null } : {});
  const fields = { inferenceConfig: inference.whole, additionalModelRequestFields: additional.whole, outputConfig: output.whole };
  return { value: [...setFields(body, fields), ...inference.edits, ...additional.edits, ...claude.edits, ...output.edits], warnings };
}

/** The options of a request as they shall be, but for how much the model thinks, and where it stops. */
function optionsOf(body: JsonNode, { maxTokens, temperature, topP }: ChatParameters): ChatRequest {
  const request: ChatRequest = { stream: false, messages: [], tools: [], stop: [] };
  decodeAdditional(body, request, new Warnings());
  decodeInference(body, request, new Warnings());
  decodeOutput(body, request, new Warnings());
  return withChatParameters({ ...request, stop: [] }, { maxTokens, temperature, topP });
}

function changed({ reasoning }: ChatRequest, parameters: ChatParameters): Pick<ChatRequest, 'reasoning'> {
  const now = changedReasoning(reasoning, parameters);
  return now === undefined ? {} : { reasoning: now };
}

/** The fields that makers have for reasoning: one of them is set, the others go. */
const reasoningFields = ({ fields }: Plan): Record<string, Writable> => ({
  thinking: null,
  reasoning_config: null,
  reasoningConfig: null,
  reasoning_effort: null,
  ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
});
