import type { Readable } from 'node:stream';
import type { Hold } from '../admission/body-memory.ts';
import { EventTooLargeError, FramingError } from '../framing/event.ts';
import { JsonFieldError, JsonSyntaxError } from '../framing/json.ts';
import type { Part } from '../llm/part.ts';
import { AnswerFailure } from '../protocols/failure.ts';
import { createStreamRelay, relayAnswer, type RelayOptions } from '../protocols/relay.ts';
import type { Deployment, Endpoint } from '../routing/deployment.ts';
import type { Attempt } from '../routing/prepare-attempt.ts';
import { CopyFailure } from './copy-failure.ts';
import { failureOf, type ReceivedAnswer } from './send.ts';

/** Largest answer that is read, in bytes. One in JSON is decoded in one go, on the loop that serves the exchanges. */
const maxAnswerBytes = 8 << 20;
/** Most bytes of an error that are read. */
const maxErrorBytes = 64 * 1024;
/** Most characters of a provider's error that are kept. */
const maxMessage = 500;

export interface ReadOptions {
  deployment: Deployment;
  attempt: Pick<Attempt, 'api'>;
  /** Whether the request asked for a stream. */
  isStream: boolean;
  /** Grows by what is read. */
  memory: Hold;
  observe: (part: Part) => void;
}

/** Reads an answer to its end, as a client's would be, and shows all its parts. Throws CopyFailure. */
export async function readAnswer(answer: ReceivedAnswer, options: ReadOptions): Promise<void> {
  const { status, headers, body } = answer;
  const { endpoint } = options.deployment;
  try {
    if (status < 200 || status > 299) throw await statusFailure(answer, options);
    if (headers.has('content-encoding')) throw new CopyFailure('unreadable', `${endpoint.name} answered in an encoding that was not asked for.`);
    const relay = relayOf(options);
    const isEvents = options.isStream && headers.get('content-type')?.includes(relay.from.framing.contentType) === true;
    await (isEvents ? readStream(answer, relay, options) : readJson(answer, relay, options));
  } finally {
    body.destroy();
  }
}

/** The way of an answer whose client speaks the provider's protocol: nothing of it is written anew. */
function relayOf({ attempt: { api }, observe }: ReadOptions): RelayOptions {
  const side = { protocol: api.protocol, framing: api.framing ?? api.protocol.framing };
  return {
    from: side,
    to: side,
    observe,
    finish: (part) => [part],
    filter: undefined,
    isRewritten: false,
    storedIds: undefined,
    options: { wantsUsage: true, createdAt: 0 },
  };
}

async function readJson({ body }: ReceivedAnswer, relay: RelayOptions, options: ReadOptions): Promise<void> {
  const { endpoint } = options.deployment;
  const chunks: Buffer[] = [];
  for await (const chunk of bounded(body, options)) chunks.push(chunk);
  try {
    relayAnswer(Buffer.concat(chunks), relay);
  } catch (cause) {
    throw unreadable(cause, endpoint);
  }
}

async function readStream({ body }: ReceivedAnswer, relay: RelayOptions, options: ReadOptions): Promise<void> {
  const { endpoint } = options.deployment;
  let said: CopyFailure | undefined;
  let broken: unknown;
  const observe = (part: Part): void => {
    if (part.type === 'error') said ??= errorIn(part.failure.message, endpoint);
    relay.observe(part);
  };
  const failed = (cause: unknown): [] => {
    broken = cause;
    return [];
  };
  const stream = createStreamRelay({ ...relay, observe }, { cut: () => [], failed });
  for await (const chunk of bounded(body, options)) {
    stream.push(chunk, false);
    if (broken !== undefined) throw unreadable(broken, endpoint);
  }
  stream.push(Buffer.alloc(0), true);
  if (broken !== undefined) throw unreadable(broken, endpoint);
  if (said !== undefined) throw said;
  if (stream.ended !== 'complete') throw new CopyFailure('cut', `${endpoint.name} ended its answer before it was complete.`);
}

/** The bytes of an answer, as far as there is room for them. */
async function* bounded(body: Readable, { deployment: { endpoint }, memory }: ReadOptions): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunksOf(body, endpoint)) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new CopyFailure('too-large', `${endpoint.name} answered more than ${maxAnswerBytes} bytes.`);
    if (!memory.grow(chunk.length)) throw new CopyFailure('no-memory', 'Copies that are under way take all the memory that they may.');
    yield chunk;
  }
}

async function* chunksOf(body: Readable, endpoint: Endpoint): AsyncGenerator<Buffer> {
  const chunks: AsyncIterable<Buffer> = body;
  try {
    yield* chunks;
  } catch (cause) {
    throw failureOf(cause, endpoint);
  }
}

/** The failure that an error status stands for, with what the provider says; about our credential it might say too much. */
async function statusFailure(
  { status, headers, body }: ReceivedAnswer,
  { attempt: { api }, deployment: { endpoint } }: ReadOptions,
): Promise<CopyFailure> {
  if (status === 401 || status === 402 || status === 403) {
    return new CopyFailure('credential', `${endpoint.name} refused the gateway's credential (${status}). The platform team must mend it.`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(body, endpoint)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxErrorBytes) break;
  }
  const { message } = api.protocol.decodeFailure(status, Buffer.concat(chunks).subarray(0, maxErrorBytes), headers);
  return new CopyFailure('status', `${endpoint.name} answered with status ${status}: ${message.slice(0, maxMessage)}`);
}

const errorIn = (message: string, { name }: Endpoint): CopyFailure =>
  new CopyFailure('error', `${name} answered with an error: ${message.slice(0, maxMessage)}`);

/** A throw while an answer is read: the provider's error, bytes that are not what they should be, or a bug of ours, which stays what it is. */
function unreadable(cause: unknown, endpoint: Endpoint): unknown {
  if (cause instanceof AnswerFailure) return errorIn(cause.failure.message, endpoint);
  const isBytes = [JsonSyntaxError, JsonFieldError, EventTooLargeError, FramingError].some((type) => cause instanceof type);
  return isBytes ? new CopyFailure('unreadable', `${endpoint.name} answered something that cannot be read.`, { cause }) : cause;
}
