import { JsonFieldError, JsonSyntaxError } from '../framing/json.ts';
import { removeFields } from '../framing/splice.ts';
import type { EmbedRequest, RerankRequest } from '../llm/embed.ts';
import type { ChatRequest } from '../llm/request.ts';
import type { ClientRequest } from '../protocols/client-request.ts';

/** A request in canonical form, by what that is. `unreadable`: it has none, and only a provider of its own protocol may know what it means. */
export type ReadableRequest =
  | { kind: 'chat'; chat: ChatRequest }
  | { kind: 'embed'; embed: EmbedRequest }
  | { kind: 'rerank'; rerank: RerankRequest }
  | { kind: 'unreadable' };

/** Fields that a request is read without, at most, where they cannot be. */
const mostFields = 4;

/** The same where a request has more values than these: each further try reads all of it anew, and everybody else waits. */
const mostFieldsOfLarge = 1;
const largeFrom = 20_000;

/**
 * A client's request in canonical form, or what of it can be read: fields that only its provider understands, such as the id of the response before it,
 * are left out. Throws nothing that a client could cause.
 */
export function readRequest(client: ClientRequest): ReadableRequest {
  let request = client;
  const most = client.body.size > largeFrom ? mostFieldsOfLarge : mostFields;
  for (let count = 0; count <= most; count++) {
    try {
      return byKind(request);
    } catch (error) {
      const field = unreadableField(error);
      if (field === undefined) return { kind: 'unreadable' };
      const without = withoutField(request, field);
      if (without === undefined) return { kind: 'unreadable' };
      request = without;
    }
  }
  return { kind: 'unreadable' };
}

/** What the protocols of an operation decode to. */
function byKind(request: ClientRequest): ReadableRequest {
  const { value } = request.decoded();
  switch (request.protocol.operation) {
    case 'chat':
    case 'count-tokens':
      return { kind: 'chat', chat: value as ChatRequest };
    case 'embed':
      return { kind: 'embed', embed: value as EmbedRequest };
    case 'rerank':
      return { kind: 'rerank', rerank: value as RerankRequest };
  }
}

/** The field that decoding failed at; undefined where it was none. What no client could cause is thrown on. */
function unreadableField(error: unknown): string | undefined {
  if (error instanceof JsonFieldError) return error.field;
  if (error instanceof JsonSyntaxError) return undefined;
  throw error;
}

/** The request without a field of its body; undefined where it has none of this name, or is none without it. */
function withoutField(request: ClientRequest, field: string): ClientRequest | undefined {
  const edits = removeFields(request.body, new Set([field]));
  if (edits.length === 0) return undefined;
  try {
    return request.edited(edits);
  } catch (error) {
    unreadableField(error);
    return undefined;
  }
}
