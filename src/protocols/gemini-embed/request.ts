import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { addField, type Edit } from '../../framing/splice.ts';
import type { PathFacts, RequestFacts, Target } from '../protocol.ts';
import { field, listField } from '../gemini-generate/wire-fields.ts';
import { resourceName } from '../gemini-generate/request-paths.ts';
import { modelEdits } from '../gemini-generate/request-retarget.ts';

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
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true };
}

/** Each request of a batch names the model too, and must; one alone may. */
export const retargetEdits = (body: JsonNode, { model }: Pick<Target, 'model'>): Edit[] =>
  requestsIn(body).flatMap((request) => {
    const isNameless = request.path !== '' && request.get('model') === undefined;
    return isNameless ? [addField(request, 'model', JSON.stringify(resourceName(model)))] : modelEdits(request, model);
  });
