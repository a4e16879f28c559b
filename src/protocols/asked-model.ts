import { optional } from '../framing/json-fields.ts';
import type { JsonNode } from '../framing/json.ts';
import { addField, replaceValue, type Edit } from '../framing/splice.ts';
import type { PathFacts } from './protocol.ts';
import { requestedModel } from './request-facts.ts';

/** The model that a request asks for: the one its path names, as Azure's do, else its body's. Throws JsonFieldError. */
export const askedModel = (body: JsonNode, path: PathFacts): string => path.model ?? requestedModel(body);

/** Names the provider's model in a body that names another one, or none. */
export function modelEdits(body: JsonNode, model: string): Edit[] {
  const named = body.get('model');
  const json = JSON.stringify(model);
  if (named === undefined) return [addField(body, 'model', json)];
  return optional(body, 'model')?.type === 'string' && named.string() === model ? [] : [replaceValue(named, json)];
}
