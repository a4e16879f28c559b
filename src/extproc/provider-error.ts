import { GatewayError } from '../errors.ts';
import { clientErrorOf } from '../protocols/failure.ts';
import type { ClientError } from '../protocols/protocol.ts';
import type { Api } from '../providers/provider.ts';
import type { Deployment } from '../routing/deployment.ts';
import { detailsOf } from './client-error.ts';
import { requireBody, type Conversation, type Header, type ResponseHeaders } from './message.ts';
import type { Plan } from './plan.ts';
import { answerHeaders, bodyHeaders } from './response-headers.ts';
import { ownHeaders, type ExchangeState } from './state.ts';

/** An error status of the provider's: its error in the client's protocol. What it says about our credential is ours to mend, not the client's. */
export async function* providerError(
  message: ResponseHeaders,
  { deployment, api }: { deployment: Deployment; api: Api },
  plan: Plan,
  state: ExchangeState,
): Conversation {
  const { name } = deployment.endpoint;
  const { status } = state.outcome;
  state.outcome.end = 'failed';
  if (plan.ownKey === undefined) requireOwnCredential(status, deployment);
  if (status < 400) throw new GatewayError('provider-error', `${name} answered with status ${status}.`);
  const isSameProtocol = api.protocol === state.protocol && api.hasOwnAnswers !== true;
  const clientStatus = isSameProtocol ? status : portableStatus(status);
  const read = (body: Buffer): ClientError => clientErrorOf(api.protocol.decodeFailure(clientStatus, body, message.headers));
  const typed = (error: ClientError): readonly Header[] => state.protocol.errorHeaders?.(error) ?? [];
  const headers: Header[] = [...ownHeaders(state, plan.warnings), [':status', String(clientStatus)]];
  if (message.endOfStream) {
    const error = read(Buffer.alloc(0));
    yield {
      type: 'immediate',
      status: clientStatus,
      headers: [...ownHeaders(state, plan.warnings), ['content-type', 'application/json'], ...typed(error)],
      body: Buffer.from(state.protocol.encodeError(error)),
      details: detailsOf('provider-error'),
    };
    return;
  }
  const credential = plan.ownKey === undefined ? api.protocol.credentialFailure : undefined;
  const passes = isSameProtocol && isJson(message);
  if (passes && status !== credential?.status) {
    yield { type: 'proceed', ...answerHeaders(message.headers, [...headers, ...typed(read(Buffer.alloc(0)))]), responseBody: 'none' };
    return;
  }
  const next = yield {
    type: 'proceed',
    ...answerHeaders(message.headers, [...headers, ['content-type', 'application/json']]),
    responseBody: 'buffered',
  };
  const said = requireBody(next).body;
  if (status === credential?.status && api.protocol.decodeFailure(status, said, message.headers).type === credential.type)
    throw refused(status, deployment);
  if (passes) {
    yield { type: 'proceed' };
    return;
  }
  const error = read(said);
  const body = Buffer.from(state.protocol.encodeError(error));
  yield { type: 'proceed', body, setHeaders: [...bodyHeaders(body), ...typed(error)] };
}

/** Throws where a status says that the provider refused our credential: the client's key is not at fault. */
export function requireOwnCredential(status: number, deployment: Deployment): void {
  if (status === 401 || status === 402 || status === 403) throw refused(status, deployment);
}

const refused = (status: number, { endpoint }: Deployment): GatewayError =>
  new GatewayError('provider-credential', `${endpoint.name} refused the gateway's credential (${status}). The platform team must mend it.`);

/** Whether a body can be an error of the provider's own; pages of proxies on the way are HTML. */
const isJson = ({ headers }: ResponseHeaders): boolean => headers.get('content-type')?.includes('json') === true;

/** 529 is Anthropic's own word for "overloaded"; elsewhere it is 503. */
const portableStatus = (status: number): number => (status === 529 ? 503 : status);
