import type { WrittenEvent } from '../../framing/event.ts';
import type { ProviderFailure } from '../../llm/part.ts';
import { decodeFailure as decodeAnyFailure, failureInside } from '../failure.ts';
import type { ClientError, StreamSoFar } from '../protocol.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';
import { writeUsage } from './wire-usage.ts';

/** Google's status words and their HTTP statuses (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto); of several with one status the usual one comes first. */
const statusOf = new Map([
  ['INVALID_ARGUMENT', 400],
  ['FAILED_PRECONDITION', 400],
  ['OUT_OF_RANGE', 400],
  ['UNAUTHENTICATED', 401],
  ['PERMISSION_DENIED', 403],
  ['NOT_FOUND', 404],
  ['ABORTED', 409],
  ['ALREADY_EXISTS', 409],
  ['RESOURCE_EXHAUSTED', 429],
  ['CANCELLED', 499],
  ['INTERNAL', 500],
  ['UNKNOWN', 500],
  ['DATA_LOSS', 500],
  ['UNIMPLEMENTED', 501],
  ['UNAVAILABLE', 503],
  ['DEADLINE_EXCEEDED', 504],
]);

const wordOf = new Map([...statusOf].toReversed().map(([word, status]) => [status, word]));

const errorInfo = 'type.googleapis.com/google.rpc.ErrorInfo';
const badRequest = 'type.googleapis.com/google.rpc.BadRequest';

/** The Gemini API answers 400 where others answer 401. */
export const credentialFailure = { status: 400, type: 'API_KEY_INVALID' } as const;

/** A provider's error body. Never throws: what cannot be read becomes the message. */
export function decodeFailure(status: number, body: Buffer): ProviderFailure {
  const failure = decodeAnyFailure(status, body);
  const type = typeIn(parsed(body));
  return type === '' ? failure : { ...failure, type };
}

/** The error of an event or an answer that came with status 200; undefined where it has none. */
export function failureIn(answer: WireObject): ProviderFailure | undefined {
  if (!isObject(answer['error']) && textOf(answer['error']) === '') return undefined;
  const type = typeIn(answer);
  const failure = failureInside(answer, statusOf);
  return type === '' ? failure : { ...failure, type };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The reason of the error's ErrorInfo, which says more than the status word: `API_KEY_INVALID` rather than `INVALID_ARGUMENT`. A stream without `alt=sse` has its error in an array. */
function typeIn(body: unknown): string {
  const outer = Array.isArray(body) ? (body as unknown[])[0] : body;
  const error = isObject(outer) ? outer['error'] : undefined;
  if (!isObject(error)) return '';
  const info = itemsOf(error['details']).find((detail) => isObject(detail) && detail['@type'] === errorInfo);
  return (isObject(info) ? textOf(info['reason']) : '') || textOf(error['status']);
}

/** An error body for a client: Google's status word, with our stable code as the reason of an ErrorInfo beside it (https://google.aip.dev/193). */
export function encodeError({ status, code, message, field }: ClientError): string {
  const word = statusWord(status, code);
  const details = [
    ...(code === '' || code === word ? [] : [{ '@type': errorInfo, reason: code, domain: 'remora' }]),
    ...(field === undefined ? [] : [{ '@type': badRequest, fieldViolations: [{ field, description: message }] }]),
  ];
  return JSON.stringify({ error: { code: status, message, status: word, ...(details.length > 0 && { details }) } });
}

/** An error for a client whose stream has begun: Google's SDK throws its ApiError at an event with an `error`. */
export function encodeStreamError(error: ClientError, soFar?: StreamSoFar): WrittenEvent[] {
  const failed = { data: encodeError(error) };
  if (soFar?.usage === undefined) return [failed];
  const { usage, model, id } = soFar;
  const last = { usageMetadata: writeUsage(usage), ...(model !== '' && { modelVersion: model }), ...(id !== '' && { responseId: id }) };
  return [{ data: JSON.stringify(last) }, failed];
}

/** A code that is already a word of Google's stays; otherwise the status decides. */
function statusWord(status: number, code: string): string {
  if (statusOf.has(code)) return code;
  if (status === 529) return 'UNAVAILABLE'; // Anthropic's, for an API that is overloaded
  return wordOf.get(status) ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}
