import type { WrittenEvent } from '../../framing/event.ts';
import type { ProviderFailure } from '../../llm/part.ts';
import { decodeFailure as decodeAnyFailure } from '../failure.ts';
import type { ClientError, StreamSoFar } from '../protocol.ts';
import { isObject, textOf, type WireObject } from '../untrusted.ts';
import { writeUsage } from './wire-usage.ts';

/**
 * Bedrock's error types and their statuses (https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html, and each operation's own).
 * Of several with one status the first one is written.
 */
const statusOf = new Map([
  ['ValidationException', 400],
  ['ServiceQuotaExceededException', 400],
  ['SerializationException', 400],
  ['AccessDeniedException', 403],
  ['UnrecognizedClientException', 403],
  ['ExpiredTokenException', 403],
  ['InvalidSignatureException', 403],
  ['ResourceNotFoundException', 404],
  ['ModelTimeoutException', 408],
  ['ConflictException', 409],
  ['ModelErrorException', 424],
  ['ModelStreamErrorException', 424],
  ['ThrottlingException', 429],
  ['ModelNotReadyException', 429],
  ['InternalServerException', 500],
  ['ServiceUnavailableException', 503],
]);

/** The types of further statuses, which Bedrock itself does not answer with; 529 is Anthropic's, for an API that is overloaded. */
const typeOf = new Map([
  ...[...statusOf].toReversed().map(([type, status]) => [status, type] as const),
  [401, 'AccessDeniedException'],
  [402, 'AccessDeniedException'],
  [504, 'ModelTimeoutException'],
  [529, 'ServiceUnavailableException'],
]);

/** An error type without the address that AWS puts behind it, or the namespace before it. */
const plainType = (type: string): string => (type.split(/[:,]/, 1)[0] ?? '').replace(/^.*#/, '');

/** A provider's error body and headers: a header has the type. Never throws: what cannot be read becomes the message. */
export function decodeFailure(status: number, body: Buffer, headers?: ReadonlyMap<string, string>): ProviderFailure {
  const failure = decodeAnyFailure(status, body);
  const answer = parsed(body.toString('utf8'));
  const named = headers?.get('x-amzn-errortype') ?? (isObject(answer) ? textOf(answer['__type']) : '');
  const message = isObject(answer) ? textOf(answer['Message']) : ''; // of services in front of Bedrock
  return { status, type: failure.type || plainType(named), message: message || failure.message };
}

/** The error that stands in place of a JSON answer. */
export const failureIn = (answer: WireObject): ProviderFailure => {
  const failure = decodeFailure(502, Buffer.from(JSON.stringify(answer)));
  return { ...failure, status: statusOf.get(failure.type) ?? failure.status };
};

/** An exception that a stream ends with. Its name is the type, begun with a small letter; a code beside the message is one of ours. */
export function failureOfException(name: string, data: string): ProviderFailure {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  const payload = parsed(data);
  const message = isObject(payload) ? textOf(payload['message']) || textOf(payload['originalMessage']) : data;
  const code = isObject(payload) ? textOf(payload['code']) : '';
  return { status: statusOf.get(type) ?? 502, type: code || type, message: message || 'The provider ended its answer with an error.' };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An error body for a client: the message, with our stable code and the field beside it. A header has the type that its SDK goes by. */
export const encodeError = ({ code, message, field }: ClientError): string => JSON.stringify({ message, code: code || undefined, field });

/** The header by which AWS's SDKs choose the class of an error. */
export const errorHeaders = ({ status, code }: ClientError): [name: string, value: string][] => [['x-amzn-errortype', errorType(status, code)]];

/** A code that is already a type of Bedrock's stays; otherwise the status decides. */
function errorType(status: number, code: string): string {
  if (statusOf.has(code)) return code;
  return typeOf.get(status) ?? (status >= 400 && status < 500 ? 'ValidationException' : 'InternalServerException');
}

/** The exceptions that a stream may end with, of which alone AWS's SDKs know the class. */
const streamExceptions: ReadonlySet<string> = new Set([
  'ValidationException',
  'ThrottlingException',
  'InternalServerException',
  'ServiceUnavailableException',
  'ModelStreamErrorException',
]);

/** The exception that ends a client's stream. */
export function encodeStreamError(error: ClientError, soFar?: StreamSoFar): WrittenEvent[] {
  const type = errorType(error.status, error.code);
  const known = streamExceptions.has(type) ? type : exceptionOf(error.status);
  return [...closing(soFar), { name: known.charAt(0).toLowerCase() + known.slice(1), data: encodeError(error), messageType: 'exception' }];
}

/** What closes a message that we end before its time. No `messageStop`: it would have to give a reason, and the protocol knows none of this kind. */
function closing(soFar: StreamSoFar | undefined): WrittenEvent[] {
  if (soFar === undefined || soFar.events === 0) return [];
  const { openBlocks, usage } = soFar;
  const stops = openBlocks.map((contentBlockIndex) => ({ name: 'contentBlockStop', data: JSON.stringify({ contentBlockIndex }) }));
  if (usage === undefined) return stops;
  return [...stops, { name: 'metadata', data: JSON.stringify({ usage: writeUsage(usage), metrics: { latencyMs: 0 } }) }];
}

/** Within streams an error of the model, or its silence, has a type of its own. */
const exceptionOf = (status: number): string => ([408, 424, 504].includes(status) ? 'ModelStreamErrorException' : 'ValidationException');
