import type { Warning } from '../llm/request.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Deployment } from './deployment.ts';

/** An attempt as it goes to the provider. */
export interface Attempt {
  body: Buffer;
  /** Path and query. */
  path: string;
  /** All headers that the provider gets, but for those that belong to HTTP itself. */
  headers: ReadonlyMap<string, string>;
  /** What the provider's protocol cannot carry of this request. */
  warnings: readonly Warning[];
}

/** What an attempt takes from the client's own request line and headers. */
export interface ClientCall {
  headers: ReadonlyMap<string, string>;
  /** The query with its question mark; empty where there is none. */
  query: string;
}

/**
 * Writes a request for one deployment: the client's own bytes with the model spliced in where the provider speaks the client's protocol, else translated.
 * The one place where attempts are made, first or further. Throws JsonFieldError where the request cannot be translated.
 */
export function prepareAttempt(request: ClientRequest, { endpoint, model }: Deployment, call: ClientCall): Attempt {
  const { provider, baseUrl, apiKey } = endpoint;
  const isSameProtocol = provider.protocol === request.protocol;
  const { body, warnings } = isSameProtocol ? retargeted(request, model, provider.quirks) : translated(request, provider, model);
  const headers = new Map<string, string>([
    ['content-type', 'application/json'],
    ['accept', request.facts.stream ? 'text/event-stream' : 'application/json'],
    ...Object.entries(provider.defaultHeaders),
  ]);
  if (isSameProtocol) {
    for (const name of provider.passHeaders) {
      const value = call.headers.get(name);
      if (value !== undefined) headers.set(name, value);
    }
  }
  for (const [name, value] of Object.entries(provider.authorize(apiKey))) headers.set(name, value);
  const path = baseUrl.pathname.replace(/\/$/, '') + provider.path + (isSameProtocol ? passedQuery(call.query, provider.passQuery) : '');
  return { body, path, headers, warnings };
}

/** The parameters of a query that a provider may see, with their question mark; what else stands there nobody has looked at. */
function passedQuery(query: string, passed: readonly string[]): string {
  if (query === '' || passed.length === 0) return '';
  const kept = [...new URLSearchParams(query)].filter(([name]) => passed.includes(name));
  return kept.length === 0 ? '' : `?${new URLSearchParams(kept).toString()}`;
}

type Written = Pick<Attempt, 'body' | 'warnings'>;

const retargeted = (request: ClientRequest, model: string, quirks: Deployment['endpoint']['provider']['quirks']): Written => ({
  body: request.retargeted({ model, quirks }),
  warnings: [],
});

function translated(request: ClientRequest, { protocol, quirks }: Deployment['endpoint']['provider'], model: string): Written {
  const canonical = request.decoded();
  const encoded = protocol.encodeRequest(canonical.value, { model, quirks });
  return { body: Buffer.from(encoded.value), warnings: [...canonical.warnings, ...encoded.warnings] };
}
