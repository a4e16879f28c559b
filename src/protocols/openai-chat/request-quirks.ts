import type { Writable } from '../../framing/json-write.ts';
import { budgetOf, effortOf, nearestEffort } from '../../llm/reasoning.ts';
import type { ObjectText, Reasoning, ReasoningEffort, Warning } from '../../llm/request.ts';
import type { Quirks } from '../protocol.ts';

/** Fields of a body that a server has under another name. */
export function renames({ renamedFields = {}, maxTokensField }: Quirks): ReadonlyMap<string, string> {
  const names = new Map(Object.entries(renamedFields));
  if (maxTokensField !== undefined) names.set(maxTokensField === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens', maxTokensField);
  return names;
}

/** A body as a server has it: fields under its names, and without those that it refuses. */
export function withQuirks(body: Readonly<Record<string, Writable>>, quirks: Quirks, warnings: Warning[]): Record<string, Writable> {
  const names = renames(quirks);
  const refused = new Set(quirks.refusedFields);
  const fields = Object.entries(body).flatMap(([field, value]): [string, Writable][] => {
    if (value === undefined) return [];
    const name = names.get(field) ?? field;
    if (!refused.has(field) && !refused.has(name)) return [[name, value]];
    if (field !== 'stream_options') warnings.push({ field, detail: 'is not taken by this provider' });
    return [];
  });
  return Object.fromEntries(fields);
}

/** How much to think, in the fields of a server, and what that loses. */
export interface WrittenReasoning {
  fields: Record<string, Writable>;
  lost?: string;
}

/** Says to a server how much its model shall think. */
export function writeReasoning(
  reasoning: Reasoning,
  { reasoningParameter, reasoningEfforts, reasoningField, showsReasoning }: Quirks,
): WrittenReasoning {
  const effort = effortOf(reasoning);
  const isHidden = reasoning.show === true && reasoningField === 'none' && showsReasoning !== true;
  const hidden = isHidden ? { lost: 'is hidden by this provider' } : {};
  switch (reasoningParameter ?? 'reasoning_effort') {
    case 'none':
      return effort === undefined ? { fields: {}, ...hidden } : { fields: {}, lost: 'cannot be set at this provider' };
    case 'thinking':
      if (effort === undefined) return { fields: {} };
      if (effort === 'none') return { fields: { thinking: { type: 'disabled' } } };
      if (reasoningEfforts !== undefined) return writeEffort(reasoning, effort, reasoningEfforts);
      return { fields: { thinking: { type: 'enabled' } }, lost: 'is only switched on or off by this provider' };
    case 'reasoning': {
      const budget = reasoning.budgetTokens === undefined ? undefined : budgetOf(reasoning);
      const exclude = reasoning.show === false ? true : undefined;
      if (effort === undefined && exclude === undefined) return { fields: {} };
      return { fields: { reasoning: { ...(budget === undefined ? { effort } : { max_tokens: budget }), exclude } } };
    }
    case 'reasoning_effort':
      return effort === undefined ? { fields: {}, ...hidden } : { ...hidden, ...writeEffort(reasoning, effort, reasoningEfforts) };
  }
}

/** An effort that a budget stands for may be any near it; one that the client named is missed. */
function writeEffort(reasoning: Reasoning, effort: ReasoningEffort, taken: Quirks['reasoningEfforts']): WrittenReasoning {
  const written = taken === undefined ? effort : (nearestEffort(effort, taken) ?? effort);
  const fields = { reasoning_effort: written };
  const isNear = written === effort || reasoning.effort === undefined;
  return isNear ? { fields } : { fields, lost: `is not ${effort} but ${written}, the nearest that this provider has` };
}

/** What a model is told where the server has JSON mode at most; JSON mode itself must be mentioned, or OpenAI and DeepSeek refuse it. */
export const jsonInstruction = (schema?: ObjectText): string =>
  schema === undefined ? 'Answer with one JSON object.' : `Answer with one JSON object that fits this JSON Schema:\n${schema}`;
