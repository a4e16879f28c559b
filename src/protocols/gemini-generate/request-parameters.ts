import type { Writable } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { Warning } from '../../llm/request.ts';
import { setFields, setInnerFields, type ChatParameters } from '../chat-parameters.ts';
import type { Carried, Target } from '../protocol.ts';
import { encodeAmount } from './request-encode-config.ts';
import { thinkingOf } from './request-models.ts';
import { field, snakeCase } from './wire-fields.ts';

/** Parameters of a rule in a client's own bytes. How much to think is said in levels or in tokens, as the model takes it. */
export function parameterEdits(
  body: JsonNode,
  { maxTokens, temperature, topP, reasoningEffort }: ChatParameters,
  { model }: Target,
): Carried<Edit[]> {
  const warnings: Warning[] = [];
  const config = field(body, 'generationConfig');
  const thinking = reasoningEffort === undefined ? {} : encodeAmount({ effort: reasoningEffort }, thinkingOf(model), warnings);
  const thinkingConfig = config && field(config, 'thinkingConfig');
  const inner = setInnerFields(thinkingConfig, Object.keys(thinking).length === 0 ? {} : named(thinkingConfig, onlyThese(thinking)));
  const outer = setInnerFields(config, named(config, { maxOutputTokens: maxTokens, temperature, topP, thinkingConfig: inner.whole }));
  return { value: [...setFields(body, named(body, { generationConfig: outer.whole })), ...outer.edits, ...inner.edits], warnings };
}

/** A level and a budget exclude each other, and thoughts that are switched off cannot be shown. */
const onlyThese = (thinking: Readonly<Record<string, Writable>>): Record<string, Writable> => ({
  thinkingLevel: null,
  thinkingBudget: null,
  ...thinking,
  ...(thinking['thinkingBudget'] === 0 && { includeThoughts: null }),
});

/** Fields under the names that the client has for them: proto3 JSON takes two. */
const named = (object: JsonNode | undefined, fields: Readonly<Record<string, Writable>>): Record<string, Writable> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [object?.get(snakeCase(name)) === undefined ? name : snakeCase(name), value]));
