import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { addField, replaceValue, type Edit } from '../../framing/splice.ts';
import type { PathFacts, RequestFacts, Target } from '../protocol.ts';
import { field, listField } from '../gemini-generate/fields.ts';
import { resourceName } from '../gemini-generate/paths.ts';

/** The requests of a body: those of a batch, or the one that the body is. */
export function requestsIn(body: JsonNode): JsonNode[] {
  const requests = field(body, 'requests');
  return requests === undefined ? [body] : listField(body, 'requests');
}

/** What the gateway must know of a batch: the path has its model. Throws JsonFieldError where the API too would refuse. */
export function batchFacts(body: JsonNode, path: PathFacts): RequestFacts {
  const requests = field(body, 'requests');
  if (requests === undefined) throw new JsonFieldError('requests', 'is required');
  if (listField(body, 'requests').length === 0) throw new JsonFieldError('requests', 'must not be empty');
  return facts(body, path);
}

/** The same of a request for one embedding. */
export function facts(body: JsonNode, { model }: PathFacts): RequestFacts {
  if (model === undefined || model === '') throw new JsonFieldError('model', 'must be named in the path');
  for (const request of requestsIn(body)) {
    if (field(request, 'content') === undefined) throw new JsonFieldError(request.path === '' ? 'content' : `${request.path}.content`, 'is required');
  }
  return { model, stream: false, maxTokens: undefined, choices: 1, wantsUsage: true };
}

/** Each request of a batch names the model too, and must; one alone may. */
export const modelEdits = (body: JsonNode, { model }: Pick<Target, 'model'>): Edit[] =>
  requestsIn(body).flatMap((request) => {
    const json = JSON.stringify(resourceName(model));
    const named = request.get('model');
    if (named !== undefined) return named.text === json ? [] : [replaceValue(named, json)];
    return request.path === '' ? [] : [addField(request, 'model', json)];
  });
