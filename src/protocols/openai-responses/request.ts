import { optional, optionalBoolean, optionalCount } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { removeFields, renameField, type Edit } from '../../framing/splice.ts';
import type { Warning } from '../../llm/request.ts';
import { askedModel, modelEdits } from '../asked-model.ts';
import type { Carried, PathFacts, RequestFacts, Target } from '../protocol.ts';
import { withoutOwnIds } from './request-own-items.ts';

/** What the gateway must know of a request. Every field read here may stand only once: a provider might take the other one. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = askedModel(body, path);
  checkInput(body);
  return {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    maxTokens: optionalCount(body, 'max_output_tokens', 1),
    choices: 1,
    wantsUsage: true, // it stands in the event that ends each stream
    isStored: optionalBoolean(body, 'store') ?? true,
  };
}

/** What OpenAI can take the conversation from in place of the input. */
const kept = ['prompt', 'previous_response_id', 'conversation'];

/** Refuses a request that says nothing, or says it in a form that nobody could read. Throws JsonFieldError. */
export function checkInput(body: JsonNode): void {
  const input = optional(body, 'input');
  if (input === undefined) {
    if (kept.every((field) => optional(body, field) === undefined)) throw new JsonFieldError('input', 'is required');
    return;
  }
  if (input.type === 'string') return;
  if (input.type !== 'array') throw new JsonFieldError('input', 'must be a string or an array of items');
  const items = input.items();
  if (items.length === 0 && kept.every((field) => optional(body, field) === undefined)) throw new JsonFieldError('input', 'must not be empty');
  for (const item of items) {
    optional(item, 'type')?.string();
    optional(item, 'role')?.string();
  }
}

/** The model's name, ids of items that only we know, and fields that the server refuses or has under another name. Usage comes unasked. */
export function retarget(body: JsonNode, _facts: RequestFacts, { model, quirks }: Target): Carried<Edit[]> {
  const { value, warnings } = withoutOwnIds(body);
  const refused = new Set(quirks.refusedFields);
  const others = [...body.fields()];
  const renamed = others.flatMap(({ key, value: { name } }): Edit[] => {
    const newName = quirks.renamedFields?.[String(name)];
    return newName === undefined || refused.has(String(name)) ? [] : [renameField(key, newName)];
  });
  const lost = others.filter(({ value: { name, type } }) => refused.has(String(name)) && type !== 'null');
  return {
    value: [...modelEdits(body, model), ...value, ...renamed, ...removeFields(body, refused)],
    warnings: [...warnings, ...lost.map(({ value: { path } }): Warning => ({ field: path, detail: 'is not taken by this provider' }))],
  };
}
