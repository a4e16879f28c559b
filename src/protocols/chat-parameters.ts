import type { JsonNode } from '../framing/json.ts';
import { writeJson, type Writable } from '../framing/json-write.ts';
import { removeFields, replaceValue, type Edit } from '../framing/splice.ts';
import type { ChatRequest, ReasoningEffort, Warning } from '../llm/request.ts';

/** Parameters that a routing rule gives a chat request, whatever the client sent. */
export interface ChatParameters {
  /** Most output tokens of one answer, reasoning included. */
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  reasoningEffort?: ReasoningEffort | undefined;
}

/** Gives fields of an object these values, where `null` takes a field out. Fields that are `undefined` stay as they are, as does every other byte. */
export function setFields(object: JsonNode, fields: Readonly<Record<string, Writable>>): Edit[] {
  const named = Object.entries(fields).filter(([, value]) => value !== undefined);
  const given = new Map(named);
  const edits: Edit[] = [];
  const present = new Set<string>();
  let isEmpty = true;
  for (const { value } of object.fields()) {
    const name = String(value.name);
    present.add(name);
    const json = given.get(name);
    if (json === null) continue;
    isEmpty = false;
    if (json !== undefined) edits.push(replaceValue(value, writeJson(json)));
  }
  const added = named
    .filter(([name, value]) => value !== null && !present.has(name))
    .map(([name, value]) => `${JSON.stringify(name)}:${writeJson(value)}`);
  const at = object.start + 1;
  if (added.length > 0) edits.push({ start: at, end: at, text: `${added.join(',')}${isEmpty ? '' : ','}` });
  return [...edits, ...removeFields(object, new Set(named.filter(([, value]) => value === null).map(([name]) => name)))];
}

/** How fields get their values in an object that is itself a field, and may be absent: by edits where it is there, else as a whole. */
export interface InnerFields {
  edits: Edit[];
  /** The object, for the field that holds it; undefined where it is there already, or would be empty. */
  whole: Writable;
}

/** The same for an object that is itself a field. `node` is undefined where it is absent. */
export function setInnerFields(node: JsonNode | undefined, fields: Readonly<Record<string, Writable>>): InnerFields {
  if (node !== undefined) return { edits: setFields(node, fields), whole: undefined };
  const named = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return { edits: [], whole: named.length === 0 ? undefined : Object.fromEntries(named) };
}

/** The new value of one field for `setFields`: `null` where it goes, undefined where it stays as it is. */
export const changed = <Value extends Writable>(before: Value | undefined, after: Value | undefined): Value | null | undefined =>
  before === after ? undefined : (after ?? null);

/** Whether a rule sets how tokens are chosen, or how much is thought: models refuse some of that beside each other. */
export const setsSampling = ({ temperature, topP, reasoningEffort }: ChatParameters): boolean =>
  temperature !== undefined || topP !== undefined || reasoningEffort !== undefined;

/** A request in canonical form with these parameters. Where a model takes temperature or top_p alone, what a rule sets goes before what the client sent. */
export function withChatParameters(request: ChatRequest, { maxTokens, temperature, topP, reasoningEffort }: ChatParameters): ChatRequest {
  const { show } = request.reasoning ?? {};
  return {
    ...request,
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topP !== undefined && temperature === undefined && { prefersTopP: true }),
    ...(reasoningEffort !== undefined && { reasoning: { effort: reasoningEffort, ...(show !== undefined && { show }) } }),
  };
}

/** Warns of parameters that a request has no field for. */
export const unsettable = (parameters: ChatParameters, why: string): Warning[] =>
  Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [{ field: parameterNames[name as keyof ChatParameters], detail: `is not set as a rule wants it: ${why}` }],
  );

/** The parameters in the words that most APIs use. */
const parameterNames = {
  maxTokens: 'max_tokens',
  temperature: 'temperature',
  topP: 'top_p',
  reasoningEffort: 'reasoning_effort',
} as const satisfies Record<keyof ChatParameters, string>;
