import { attributeNames } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { SseTooLargeError } from '../framing/sse.ts';
import { isTextPart, type Part, type ProviderFailure } from '../llm/part.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import { createSameProtocolStream, createTranslatedStream, relayAnswer, type Route, type StreamRelay } from '../protocols/relay.ts';
import type { Deployment } from '../routing/deployment.ts';
import { asClientError, asGatewayError } from './client-error.ts';
import { requireBody, type Conversation, type ResponseHeaders } from './message.ts';
import type { Plan } from './plan.ts';
import { providerError } from './provider-error.ts';
import { answerHeaders, bodyHeaders } from './response-headers.ts';
import { fail, ownHeaders, type ExchangeState } from './state.ts';

/** A provider's answer, from its headers to its last byte. */
export async function* answer(message: ResponseHeaders, plan: Plan, pipeline: PipelineRun, state: ExchangeState): Conversation {
  const status = Number(message.headers.get(':status'));
  const deployment = answeringDeployment(message, plan);
  state.outcome.status = status;
  state.outcome.deployment = deployment;
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
  const next = yield { type: 'proceed', ...answerHeaders(message.headers, ownHeaders(state, plan.warnings)), responseBody: 'buffered' };
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

/** Runs what reads a provider's answer. */
function readable<T>(read: () => T, state: ExchangeState): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(cause, state);
  }
}

/** A throw while an answer is read: bytes that are not what they should be are the provider's error, all else is a bug of ours. */
function unreadable(cause: unknown, { outcome }: ExchangeState): GatewayError {
  const error = asGatewayError(cause);
  const isBytes = error.code === 'invalid-json' || error.code === 'invalid-request' || cause instanceof SseTooLargeError;
  return isBytes ? new GatewayError('provider-error', `${outcome.deployment?.endpoint.name ?? 'The provider'} answered something that cannot be read.`, { cause }) : error;
}

async function* streamedAnswer(message: ResponseHeaders, relay: Route, plan: Plan, state: ExchangeState): Conversation {
  const stream = createStream(relay, state);
  const headers = answerHeaders(message.headers, [...ownHeaders(state, plan.warnings), ['content-type', 'text/event-stream; charset=utf-8']]);
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
  const end = (error: GatewayError, how: 'failed' | 'cut'): string => {
    fail(state, error, how);
    return relay.to.encodeStreamError(asClientError(error));
  };
  const cut = (): string => end(new GatewayError('provider-cut', "The provider's answer ended before it was complete."), 'cut');
  const inner = (relay.from === relay.to ? createSameProtocolStream : createTranslatedStream)(relay, cut);
  let broken = false;
  return {
    push(chunk, last) {
      if (broken) return Buffer.alloc(0);
      try {
        return inner.push(chunk, last);
      } catch (cause) {
        broken = true;
        return Buffer.from(end(unreadable(cause, state), 'failed'));
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
