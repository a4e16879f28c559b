import { attributeNames } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { EventTooLargeError, FramingError, type WrittenEvent } from '../framing/event.ts';
import { isTextPart, type Part } from '../llm/part.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import { chargedUsage } from '../pricing/charge.ts';
import { AnswerFailure } from '../protocols/failure.ts';
import { createStreamRelay, relayAnswer, type RelayOptions, type Watch } from '../protocols/relay.ts';
import type { StoredIds } from '../protocols/id-renamer.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { createToolAsText } from '../protocols/answer-tool.ts';
import { createStateSealer } from '../protocols/sealed-answer.ts';
import { accountId, type Deployment } from '../routing/deployment.ts';
import { asClientError, asGatewayError, bug, refuse } from './client-error.ts';
import { requireBody, type Conversation, type Immediate, type ResponseHeaders } from './message.ts';
import type { Attempts } from './attempts.ts';
import type { HeldBody } from './held-body.ts';
import type { Plan } from './plan.ts';
import { providerError } from './provider-error.ts';
import { answerHeaders, bodyHeaders } from './response-headers.ts';
import { fail, ownHeaders, type ExchangeState } from './state.ts';

/** What an answer goes through, besides the plan. */
export interface AnswerParts {
  pipeline: PipelineRun;
  memory: HeldBody;
}

/** A provider's answer, from its headers to its last byte. */
export async function* answer(message: ResponseHeaders, plan: Plan, { pipeline, memory }: AnswerParts, state: ExchangeState): Conversation {
  const status = Number(message.headers.get(':status'));
  const { number, ...answered } = answering(message, plan);
  const { deployment, api } = answered;
  state.outcome.status = status;
  state.outcome.deployment = deployment;
  state.trace.answered(status);
  if (status < 200 || status > 299) return yield* providerError(message, { deployment, api }, plan, state);
  plan.attempts.answered(number, message.headers);
  if (message.endOfStream) throw new GatewayError('provider-error', `${deployment.endpoint.name} answered nothing.`);
  if (message.headers.has('content-encoding'))
    throw new GatewayError('provider-error', `${deployment.endpoint.name} answered in an encoding that was not asked for.`);
  const relay: RelayOptions = {
    from: { protocol: api.protocol, framing: api.framing ?? api.protocol.framing },
    to: { protocol: state.protocol, framing: plan.facts.framing ?? state.protocol.framing },
    finish: finisher(plan, answered, state),
    isRewritten: api.hasOwnAnswers === true,
    storedIds: storedIdsOf(plan, deployment, api.protocol),
    observe: createObserver(plan.attempts, number, state),
    filter: pipeline.partFilter(),
    options: { wantsUsage: plan.facts.wantsUsage, createdAt: state.createdAt, model: plan.facts.model, encoding: plan.facts.encoding },
  };
  const isStream = plan.facts.stream && message.headers.get('content-type')?.includes(relay.from.framing.contentType) === true;
  const observer = isStream ? pipeline.observer(deployment) : undefined; // what comes as one whole was reserved in full
  yield* isStream ? streamedAnswer(message, relay, { plan, observer }, state) : jsonAnswer(message, relay, { plan, memory, pipeline }, state);
}

/** Makes parts ready for a client of another protocol: an answer that its provider gave no name gets ours, a tool that stands for the answer is text again, and state is sealed. */
function finisher({ seal }: Plan, { deployment, answersByTool }: Omit<Answering, 'number'>, { protocol, id }: ExchangeState): RelayOptions['finish'] {
  const sealed = createStateSealer(protocol, seal);
  const toText = answersByTool ? createToolAsText() : undefined;
  return (part) => {
    if (part.type === 'start') return sealed({ ...part, id: part.id || id, model: part.model || deployment.model });
    return toText === undefined ? sealed(part) : toText(part).flatMap(sealed);
  };
}

/** What the client calls the objects that the provider keeps; undefined where none is spoken of. */
function storedIdsOf({ facts, seal, storedIds: known }: Plan, { endpoint }: Deployment, { keptIds: kept }: Protocol): StoredIds | undefined {
  if (kept === undefined && known.size === 0) return undefined;
  const sealed = (id: string): string => seal.seal({ type: 'stored', id, endpoint: accountId(endpoint) }) ?? id;
  return { known, kept, isStored: facts.isStored === true, seal: sealed };
}

type Answering = Plan['spoken'][number] & { number: number; deployment: Deployment };

/** The attempt that is answered: Envoy says which one it was. */
function answering({ attributes }: ResponseHeaders, { chain, attempts, spoken }: Plan): Answering {
  const number = Number(attributes.get(attributeNames.attemptCount) ?? 1);
  const [made, how] = [attempts.get(number), spoken[number - 1]];
  if (made === undefined || how === undefined) throw new Error(`Envoy names attempt ${number} of ${chain.length}, ${attempts.count} of them made`);
  return { number, deployment: made.deployment, ...how };
}

/** Text is UTF-8; binary framings have no charset. */
const streamType = (contentType: string): string => (contentType.startsWith('text/') ? `${contentType}; charset=utf-8` : contentType);

async function* jsonAnswer(
  message: ResponseHeaders,
  relay: RelayOptions,
  { plan, memory, pipeline }: { plan: Plan } & AnswerParts,
  state: ExchangeState,
): Conversation {
  const next = yield { type: 'proceed', ...answerHeaders(message.headers, ownHeaders(state, plan.warnings)), responseBody: 'buffered' };
  const { body } = requireBody(next);
  memory.holdAnswer(body.length);
  const replaced = state.trace.answering(() => readable(() => relayAnswer(body, relay), state));
  state.outcome.end = 'complete';
  const setHeaders = [...(replaced === undefined ? [] : bodyHeaders(replaced)), ...pipeline.endHeaders(state.outcome)];
  yield { type: 'proceed', ...(replaced && { body: replaced }), ...(setHeaders.length > 0 && { setHeaders }) };
}

/** Runs what reads a provider's answer. */
function readable<T>(read: () => T, state: ExchangeState): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(cause, state);
  }
}

/** A throw while an answer is read: an error in its place, and bytes that are not what they should be, are the provider's; all else is a bug of ours. */
function unreadable(cause: unknown, { outcome }: ExchangeState): GatewayError {
  const name = outcome.deployment?.endpoint.name ?? 'The provider';
  if (cause instanceof AnswerFailure) return new GatewayError('provider-error', `${name} answered with an error: ${cause.message}`, { cause });
  const error = asGatewayError(cause);
  const isBytes =
    error.code === 'invalid-json' || error.code === 'invalid-request' || cause instanceof EventTooLargeError || cause instanceof FramingError;
  return isBytes ? new GatewayError('provider-error', `${name} answered something that cannot be read.`, { cause }) : error;
}

/** How long a client whose stream we have ended may stay to read its end, in milliseconds. After that the connection is broken, which is the one way to stop the provider. */
const drainMs = 2000;

async function* streamedAnswer(
  message: ResponseHeaders,
  relay: RelayOptions,
  { plan, observer }: { plan: Plan; observer: Watch['see'] | undefined },
  state: ExchangeState,
): Conversation {
  const end = (error: GatewayError, how: 'failed' | 'cut'): WrittenEvent[] => {
    fail(state, error, how);
    return relay.to.protocol.encodeStreamError(asClientError(error));
  };
  const watch = observer === undefined ? undefined : new StreamWatch(observer, state);
  const stream = createStreamRelay(
    { ...relay, watch },
    {
      cut: () => end(new GatewayError('provider-cut', "The provider's answer ended before it was complete."), 'cut'),
      failed: (cause) => end(unreadable(cause, state), 'failed'),
    },
  );
  const headers = answerHeaders(message.headers, [...ownHeaders(state, plan.warnings), ['content-type', streamType(relay.to.framing.contentType)]]);
  headers.removeHeaders = [...(headers.removeHeaders ?? []), 'content-length'];
  const { betweenTokensMs } = plan.waits;
  const patience = betweenTokensMs === undefined ? {} : { stallMs: betweenTokensMs };
  let next = yield { type: 'proceed', ...headers, ...patience, responseBody: 'streamed' };
  for (;;) {
    const told = watch?.told; // the end that the client has had, before this message
    if (next.type === 'stalled') {
      if (told === undefined) plan.attempts.told(plan.attempts.count, 'overloaded');
      yield told === undefined ? stalled(betweenTokensMs, state) : refuse(told, state.protocol, ownHeaders(state));
      return;
    }
    const { body, endOfStream } = requireBody(next);
    const replaced = state.trace.answering(() => stream.push(body, endOfStream));
    state.outcome.end = stream.ended ?? state.outcome.end;
    const goesOn = watch?.told === undefined ? patience : told === undefined ? { deadlineMs: drainMs } : {};
    next = yield { type: 'proceed', ...(replaced && { body: replaced }), ...(endOfStream ? {} : goesOn) };
    if (endOfStream) return;
  }
}

/** A policy's watch over a stream. */
class StreamWatch implements Watch {
  readonly see: Watch['see'];
  readonly #state: ExchangeState;
  /** The error that it has ended the client's stream with; undefined as long as that goes on. */
  told: GatewayError | undefined;

  constructor(see: Watch['see'], state: ExchangeState) {
    this.see = see;
    this.#state = state;
  }

  stopped(cause: unknown): ReturnType<Watch['stopped']> {
    const error = cause instanceof GatewayError ? cause : bug(cause);
    this.told = error;
    fail(this.#state, error);
    return { error: asClientError(error), usage: chargedUsage(this.#state.outcome).usage };
  }
}

/** Breaks off a stream on which nothing has come for too long. Envoy then closes the client's connection: an event would need a chunk to stand in. */
function stalled(afterMs: number | undefined, state: ExchangeState): Immediate {
  const error = new GatewayError('provider-timeout', `The provider sent nothing for ${afterMs} ms in the middle of its answer.`);
  fail(state, error, 'cut');
  return refuse(error, state.protocol, ownHeaders(state));
}

/** Keeps what settling and traces need of an answer. */
function createObserver(attempts: Attempts, number: number, { outcome, trace, protocol }: ExchangeState): (part: Part) => void {
  const isCount = protocol.operation === 'count-tokens'; // its answer is what a request would use, and uses nothing
  let sawText = false;
  return (part) => {
    if (isTextPart(part)) {
      outcome.deliveredBytes += Buffer.byteLength(part.text);
      if (!sawText) {
        trace.firstToken();
        attempts.firstToken();
      }
      sawText = true;
    } else if (part.type === 'usage') outcome.usage = isCount ? undefined : part.usage;
    else if (part.type === 'error') attempts.told(number, 'overloaded');
    else if (part.type === 'start') trace.described({ id: part.id, model: part.model });
    else if (part.type === 'finish') trace.described({ finishReason: part.reason.unified });
  };
}
