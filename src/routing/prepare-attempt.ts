import { GatewayError } from '../errors.ts';
import type { ChatRequest, Warning } from '../llm/request.ts';
import type { Api, Authorize, OutgoingCall } from '../providers/provider.ts';
import { withAnswerTool } from '../protocols/answer-tool.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Seal } from '../protocols/seal.ts';
import { withOwnState, withSealedState } from '../protocols/sealed-request.ts';
import { apisOf, chooseApi } from './choose-api.ts';
import { deploymentName, type Deployment, type Endpoint } from './deployment.ts';

/** An attempt as it goes to the provider. */
export interface Attempt {
  /** How the provider is spoken to, which is also how its answer is read. */
  api: Api;
  body: Buffer;
  /** Path and query. */
  path: string;
  /** All headers that the provider gets, but for those that belong to HTTP itself. */
  headers: ReadonlyMap<string, string>;
  /** What the provider's protocol cannot carry of this request. */
  warnings: readonly Warning[];
  /** Whether the answer comes as the arguments of a tool, for want of another way to hold the model to a schema. */
  answersByTool: boolean;
}

/** What an attempt takes from the client's own request line and headers. */
export interface ClientCall {
  headers: ReadonlyMap<string, string>;
  /** The query with its question mark; empty where there is none. */
  query: string;
}

/** A body for a provider, and what of the request it lacks. */
export type WrittenRequest = Pick<Attempt, 'api' | 'body' | 'warnings' | 'answersByTool'>;

/**
 * A request in the provider's protocol: the client's own bytes with the model spliced in where the provider speaks the client's, else translated.
 * Throws JsonFieldError where the request cannot be translated, `not-carried` where the provider has nothing of the kind.
 */
export function writeRequest(request: ClientRequest, deployment: Deployment, seal: Seal, headers?: ReadonlyMap<string, string>): WrittenRequest {
  const { protocol } = request;
  const apis = apisOf(deployment, protocol.operation);
  const own = apis.find((api) => api.protocol === protocol);
  if (own !== undefined) {
    const opened = withOwnState(request, seal);
    const { value: body, warnings } = opened.value.retargeted({ model: deployment.model, quirks: own.quirks, ...(headers && { headers }) });
    return { api: own, body, warnings: [...opened.warnings, ...warnings], answersByTool: false };
  }
  const canonical = withSealedState(request, seal);
  const api = chooseApi(apis, canonical.value);
  if (api === undefined) {
    throw new GatewayError('not-carried', `${deploymentName(deployment)} has no endpoint for this kind of request. Ask for another model.`, {
      field: 'model',
    });
  }
  const target = { model: deployment.model, quirks: api.quirks };
  const held =
    protocol.operation === 'chat' && api.protocol.holdsSchemas?.(target) === false ? withAnswerTool(canonical.value as ChatRequest) : canonical.value;
  const { value, warnings } = api.protocol.encodeRequest(held, target);
  return { api, body: Buffer.from(value), warnings: [...canonical.warnings, ...warnings], answersByTool: held !== canonical.value };
}

/**
 * Writes a request for one deployment, with address, headers and credential. The one place where attempts are made, first or further.
 * Throws as `writeRequest` does, and `provider-credential` where no credential can be had.
 */
export async function prepareAttempt(request: ClientRequest, deployment: Deployment, { call, seal, authorize }: AttemptOptions): Promise<Attempt> {
  const { endpoint, model } = deployment;
  const { baseUrl, settings } = endpoint;
  const written = writeRequest(request, deployment, seal, call.headers);
  const { api, body } = written;
  const isSameProtocol = api.protocol === request.protocol;
  const { stream } = request.facts;
  const headers = new Map<string, string>([
    ['content-type', 'application/json'],
    ['accept', stream ? (api.framing ?? api.protocol.framing).contentType : 'application/json'],
    ...Object.entries(api.defaultHeaders),
  ]);
  if (isSameProtocol) {
    for (const name of api.passHeaders) {
      const value = call.headers.get(name);
      if (value !== undefined) headers.set(name, value);
    }
  }
  const query = isSameProtocol ? passedQuery(call.query, api.passQuery) : [];
  const path = withQuery(baseUrl.pathname.replace(/\/$/, '') + api.path({ model, stream }, settings), query);
  const shown = await shownTo(endpoint, { method: 'POST', host: baseUrl.host, path, body, headers }, authorize?.(endpoint));
  for (const [name, value] of Object.entries(shown)) headers.set(name, value);
  return { ...written, path, headers };
}

export interface AttemptOptions {
  call: ClientCall;
  seal: Seal;
  /** Shows another credential than the gateway's own; absent for that. */
  authorize?: ((endpoint: Endpoint) => Authorize) | undefined;
}

/** Headers that show a credential to its provider. What goes wrong while a token is fetched is ours to mend, not the client's: throws `provider-credential`. */
export async function shownTo(
  { name, credential }: Endpoint,
  call: OutgoingCall,
  authorize: Authorize = credential.authorize,
): Promise<Readonly<Record<string, string>>> {
  try {
    return await authorize(call);
  } catch (cause) {
    throw new GatewayError('provider-credential', `The gateway has no valid credential for ${name} now. The platform team must mend it.`, { cause });
  }
}

/** The parameters of a query that a provider may see; what else stands there nobody has looked at. */
function passedQuery(query: string, passed: readonly string[]): [name: string, value: string][] {
  return query === '' || passed.length === 0 ? [] : [...new URLSearchParams(query)].filter(([name]) => passed.includes(name));
}

function withQuery(path: string, parameters: [string, string][]): string {
  if (parameters.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(parameters).toString()}`;
}
