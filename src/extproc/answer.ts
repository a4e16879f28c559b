import { attributeNames } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { isTextPart, type Part, type ProviderFailure } from '../llm/part.ts';
import { warningHeader } from '../llm/warning.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { ClientError, Protocol } from '../protocols/protocol.ts';
import { createSameProtocolStream, createTranslatedStream, relayAnswer, type Route, type StreamRelay } from '../protocols/relay.ts';
import { deploymentName, type Deployment } from '../routing/deployment.ts';
import { asClientError, asGatewayError, detailsOf, errorHeaders } from './client-error.ts';
import { envoyFailure } from './envoy-failure.ts';
import { requestIdHeaders, type ExchangeState } from './state.ts';
import type { Conversation, Message, ResponseHeaders } from './message.ts';
import type { Plan } from './plan.ts';
import { answerHeaders } from './response-headers.ts';

/** A provider's answer, from its headers to its last byte. */
export async function* answer(message: ResponseHeaders, plan: Plan, pipeline: PipelineRun, state: ExchangeState): Conversation {
  const status = Number(message.headers.get(':status'));
  const deployment = answeringDeployment(message, plan);
  Object.assign(state.outcome, { status, deployment });
  state.trace.answered(status);
  if (status < 200 || status > 299) return yield* providerError(message, deployment, plan, state);
  if (message.endOfStream) throw new GatewayError('provider-error', `${deployment.endpoint.name} answered nothing.`);
  if (message.headers.has('content-encoding'))
    throw new GatewayError('provider-error', `${deployment.endpoint.name} answered in an encoding that was not asked for.`);
  const relay: Route = {
    from: deployment.endpoint.provider.protocol,
    to: state.protocol,
    observe: createObserver(state),
    filter: pipeline.partFilter(),
    options: { wantsUsage: plan.facts.wantsUsage, createdAt: state.createdAt },
  };
  const isStream = message.headers.get('content-type')?.includes('text/event-stream') === true;
  yield* isStream ? streamedAnswer(message, relay, plan, state) : jsonAnswer(message, relay, plan, state);
}

function answeringDeployment({ attributes }: ResponseHeaders, { chain }: Plan): Deployment {
  const deployment = chain[Number(attributes.get(attributeNames.attemptCount) ?? 1) - 1];
  if (deployment === undefined) throw new Error(`Envoy names attempt ${String(attributes.get(attributeNames.attemptCount))} of ${chain.length}`);
  return deployment;
}

async function* jsonAnswer(message: ResponseHeaders, relay: Route, plan: Plan, state: ExchangeState): Conversation {
  const next = yield { type: 'proceed', ...answerHeaders(message.headers, ownHeaders(plan, state)), responseBody: 'buffered' };
  const { body } = requireBody(next);
  const watched: Route = { ...relay, observe: (part) => (part.type === 'error' ? failAnswer(part.failure, state) : relay.observe(part)) };
  const replaced = state.trace.answering(() => readable(() => relayAnswer(body, watched), state));
  if (state.outcome.end === 'failed' && relay.from !== relay.to)
    throw new GatewayError('provider-error', 'The provider answered 200 with an error in it.');
  state.outcome.end = 'complete';
  yield replaced === undefined ? { type: 'proceed' } : { type: 'proceed', body: replaced, setHeaders: bodyHeaders(replaced) };
}

/** An error that came in place of a JSON answer, with a status that says all is well: no SDK would see that it is none. */
function failAnswer({ message }: ProviderFailure, { outcome }: ExchangeState): never {
  throw new GatewayError('provider-error', `${outcome.deployment?.endpoint.name ?? 'The provider'} answered with an error: ${message}`);
}

/** Runs what reads a provider's answer: what cannot be read is the provider's error, not the client's. */
function readable<T>(read: () => T, { outcome }: ExchangeState): T {
  try {
    return read();
  } catch (cause) {
    const { code } = asGatewayError(cause);
    if (code === 'internal' || code === 'provider-error') throw cause;
    throw new GatewayError('provider-error', `${outcome.deployment?.endpoint.name ?? 'The provider'} answered something that cannot be read.`, {
      cause,
    });
  }
}

async function* streamedAnswer(message: ResponseHeaders, relay: Route, plan: Plan, state: ExchangeState): Conversation {
  const stream = createStream(relay, state);
  const headers = answerHeaders(message.headers, [...ownHeaders(plan, state), ['content-type', 'text/event-stream; charset=utf-8']]);
  headers.removeHeaders = [...(headers.removeHeaders ?? []), 'content-length'];
  let next = yield { type: 'proceed', ...headers, responseBody: 'streamed' };
  for (;;) {
    const { body, endOfStream } = requireBody(next);
    const replaced = state.trace.answering(() => stream.push(body, endOfStream));
    next = yield replaced === undefined ? { type: 'proceed' } : { type: 'proceed', body: replaced };
    if (endOfStream) return;
  }
}

/** A relay that ends in the client's own error event where the answer stops midway or cannot be read; what comes after that is swallowed. */
function createStream(relay: Route, state: ExchangeState): StreamRelay {
  const fail = (error: GatewayError): string => {
    state.error = error.code;
    return relay.to.encodeStreamError(asClientError(error));
  };
  const cut = (): string => {
    state.outcome.end = 'cut';
    return fail(new GatewayError('provider-cut', "The provider's answer ended before it was complete."));
  };
  const inner = (relay.from === relay.to ? createSameProtocolStream : createTranslatedStream)(relay, cut);
  let broken = false;
  return {
    push(chunk, last) {
      if (broken) return Buffer.alloc(0);
      try {
        return inner.push(chunk, last);
      } catch (cause) {
        broken = true;
        state.outcome.end = 'failed';
        return Buffer.from(fail(new GatewayError('provider-error', "The provider's answer cannot be read.", { cause })));
      }
    },
  };
}

/** Keeps what settling and traces need of an answer. */
function createObserver({ outcome, trace }: ExchangeState): (part: Part) => void {
  let sawText = false;
  return (part) => {
    if (isTextPart(part)) {
      outcome.deliveredBytes += Buffer.byteLength(part.text);
      if (!sawText) trace.firstToken();
      sawText = true;
    } else if (part.type === 'usage') outcome.usage = part.usage;
    else if (part.type === 'start') trace.described({ id: part.id, model: part.model });
    else if (part.type === 'finish') {
      outcome.end = 'complete';
      trace.described({ finishReason: part.reason.unified });
    } else if (part.type === 'error') outcome.end = 'failed';
  };
}

/** An error status of the provider's: its error in the client's protocol. What it says about our credential is ours to mend, not the client's. */
async function* providerError(message: ResponseHeaders, deployment: Deployment, plan: Plan, state: ExchangeState): Conversation {
  const { provider, name } = deployment.endpoint;
  const { status } = state.outcome;
  state.outcome.end = 'failed';
  if (status === 401 || status === 402 || status === 403) {
    throw new GatewayError('provider-credential', `${name} refused the gateway's credential (${status}). The platform team must mend it.`);
  }
  if (status < 400) throw new GatewayError('provider-error', `${name} answered with status ${status}.`);
  const isSameProtocol = provider.protocol === state.protocol;
  const clientStatus = isSameProtocol ? status : portableStatus(status);
  const render = (body: Buffer): Buffer => Buffer.from(state.protocol.encodeError(translatedFailure(clientStatus, body, provider.protocol)));
  const headers = [...ownHeaders(plan, state), [':status', String(clientStatus)] as const];
  if (message.endOfStream) {
    yield {
      type: 'immediate',
      status: clientStatus,
      headers: [...ownHeaders(plan, state), ['content-type', 'application/json']],
      body: render(Buffer.alloc(0)),
      details: detailsOf(new GatewayError('provider-error', '')),
    };
    return;
  }
  if (isSameProtocol && isJson(message)) {
    yield { type: 'proceed', ...answerHeaders(message.headers, headers), responseBody: 'none' };
    return;
  }
  const next = yield {
    type: 'proceed',
    ...answerHeaders(message.headers, [...headers, ['content-type', 'application/json']]),
    responseBody: 'buffered',
  };
  const body = render(requireBody(next).body);
  yield { type: 'proceed', body, setHeaders: bodyHeaders(body) };
}

/** Whether a body can be an error of the provider's own; pages of proxies on the way are HTML. */
const isJson = ({ headers }: ResponseHeaders): boolean => headers.get('content-type')?.includes('json') === true;

/** 529 is Anthropic's own word for "overloaded"; elsewhere it is 503. */
const portableStatus = (status: number): number => (status === 529 ? 503 : status);

function translatedFailure(status: number, body: Buffer, from: Protocol): ClientError {
  const { type, message } = from.decodeFailure(status, body);
  return { status, code: type, message };
}

/** A reply that Envoy made itself: its status and body become one of our errors in the client's protocol. */
export async function* envoyReply(message: ResponseHeaders, state: ExchangeState): Conversation {
  const details = String(message.attributes.get(attributeNames.codeDetails) ?? '');
  const status = Number(message.headers.get(':status'));
  if (message.headers.has('x-remora-error')) {
    // Refused by our own attempt conversation, in the client's protocol already.
    Object.assign(state.outcome, { end: 'failed', status });
    state.error = message.headers.get('x-remora-error');
    yield { type: 'proceed', setHeaders: requestIdHeaders(state), responseBody: 'none' };
    return;
  }
  const error = envoyFailure(status, details);
  Object.assign(state.outcome, { end: state.outcome.attempts === 0 ? 'refused' : 'failed', status: error.status });
  state.error = error.code;
  const body = Buffer.from(state.protocol.encodeError(asClientError(error)));
  const headers = [...errorHeaders(error), ...requestIdHeaders(state), ...attemptsHeader(state)];
  if (message.endOfStream) {
    yield { type: 'immediate', status: error.status, headers, body, details: detailsOf(error) };
    return;
  }
  yield { type: 'proceed', setHeaders: [...headers, [':status', String(error.status)]], responseBody: 'buffered' };
  yield { type: 'proceed', body, setHeaders: bodyHeaders(body) };
}

/** What we tell of every answer. */
function ownHeaders(plan: Plan, state: ExchangeState): (readonly [string, string])[] {
  const { deployment } = state.outcome;
  const warnings = warningHeader(plan.warnings);
  return [
    ...requestIdHeaders(state),
    ...(deployment === undefined ? [] : [['x-remora-deployment', deploymentName(deployment)] as const]),
    ...attemptsHeader(state),
    ...(warnings === '' ? [] : [['x-remora-warnings', warnings] as const]),
  ];
}

const attemptsHeader = ({ outcome }: ExchangeState): (readonly [string, string])[] => [['x-remora-attempts', String(outcome.attempts)]];

const bodyHeaders = (body: Buffer): (readonly [string, string])[] => [
  ['content-type', 'application/json'],
  ['content-length', String(body.length)],
];

function requireBody(message: Message): { body: Buffer; endOfStream: boolean } {
  if (message.type !== 'response-body') throw new Error(`Envoy sent ${message.type} where the answer's body belongs`);
  return message;
}
