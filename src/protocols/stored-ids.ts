import { GatewayError } from '../errors.ts';
import { replaceValue, type Edit } from '../framing/splice.ts';
import type { ClientRequest } from './client-request.ts';
import type { StoredId } from './protocol.ts';
import { sealPrefix, type Seal } from './seal.ts';

/** An id that names nothing the tenant has stored. */
export const notStored = (field?: string): GatewayError =>
  new GatewayError(
    'stored-not-found',
    'There is no such object for this key. Use the id that this gateway gave.',
    field === undefined ? {} : { field },
  );

/** A request with the ids of stored objects as their provider knows them. */
export interface WithStoredIds {
  request: ClientRequest;
  /** The endpoint that has them, which alone can serve it; undefined where it names none. */
  keeper: string | undefined;
  /** The provider's ids, and what the client calls each. */
  ids: ReadonlyMap<string, string>;
}

/**
 * A request with the ids of stored objects as their provider knows them, and the endpoint that has them.
 * Throws `stored-not-found` for an id that we did not give this tenant: all tenants share the provider's account, so the provider's own ids are nobody's.
 */
export function withStoredIds(request: ClientRequest, seal: Seal): WithStoredIds {
  let keeper: string | undefined;
  const ids = new Map<string, string>();
  const edits = (request.protocol.storedIds?.(request.body) ?? []).flatMap(({ node, kind }: StoredId): Edit[] => {
    const text = node.string();
    if (kind === 'echo' && !text.startsWith(sealPrefix)) return [];
    const opened = seal.open(text);
    if (opened?.type !== 'stored') throw notStored(node.path);
    if (kind === 'reference') {
      keeper ??= opened.endpoint;
      if (opened.endpoint !== keeper) {
        throw new GatewayError('invalid-request', 'The objects that this request names are kept by different providers, so none can serve it.', {
          field: node.path,
        });
      }
    }
    ids.set(opened.id, text);
    return [replaceValue(node, JSON.stringify(opened.id))];
  });
  return { request: request.edited(edits), keeper, ids };
}
