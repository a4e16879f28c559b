import { addField, removeFields, replaceValue } from '../framing/splice.ts';
import type { ClientRequest } from '../protocols/client-request.ts';

/** The request with nothing kept of its answer at the provider, where nobody would know its id or delete it. The labels for what is kept go too: OpenAI refuses some without. */
export function unstored(request: ClientRequest): ClientRequest {
  const { body, facts } = request;
  const store = body.get('store');
  if (facts.isStored !== true && store?.type !== 'true') return request;
  const edit = store === undefined ? addField(body, 'store', 'false') : replaceValue(store, 'false');
  return request.edited([edit, ...removeFields(body, new Set(['metadata']))]);
}
