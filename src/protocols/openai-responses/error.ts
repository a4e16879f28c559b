import type { WrittenEvent } from '../../framing/event.ts';
import type { ProviderFailure } from '../../llm/part.ts';
import { failureInside } from '../failure.ts';
import type { ClientError, StreamSoFar } from '../protocol.ts';
import type { WireObject } from '../untrusted.ts';
import { newResponse, stopped } from './wire.ts';

/** The error of an `error` event (flat, or in an envelope), or of a response that failed. */
export const failureIn = (holder: WireObject): ProviderFailure => failureInside(holder, statuses);

/** The status that an error inside an answer would have had as an answer of its own. */
const statuses = new Map([
  ['invalid_request_error', 400],
  ['invalid_prompt', 400],
  ['context_length_exceeded', 400],
  ['bio_policy', 400],
  ['cyber_policy', 400],
  ['misalignment_policy_violation', 400],
  ['data_residency_mismatch', 400],
  ['image_content_policy_violation', 400],
  ['image_parse_error', 400],
  ['image_too_large', 400],
  ['image_too_small', 400],
  ['image_file_too_large', 400],
  ['image_file_not_found', 400],
  ['empty_image_file', 400],
  ['failed_to_download_image', 400],
  ['invalid_base64_image', 400],
  ['invalid_image', 400],
  ['invalid_image_format', 400],
  ['invalid_image_mode', 400],
  ['invalid_image_url', 400],
  ['unsupported_image_media_type', 400],
  ['authentication_error', 401],
  ['invalid_api_key', 401],
  ['permission_error', 403],
  ['model_not_found', 404],
  ['insufficient_quota', 429],
  ['rate_limit_exceeded', 429],
  ['server_error', 500],
  ['overloaded_error', 503],
  ['server_is_overloaded', 503],
  ['vector_store_timeout', 504],
]);

/**
 * An error for a client whose stream has begun. Where we end it before its time, an incomplete response says the usage first: as the client has the content, that is not said again.
 * No `response.failed` beside it: a client that reads both would report two errors.
 */
export function encodeStreamError(error: ClientError, soFar?: StreamSoFar): WrittenEvent[] {
  if (soFar === undefined || soFar.events === 0) return [errorEvent(error, 0)];
  const { id, model, createdAt, usage, events } = soFar;
  const response = stopped(newResponse(id, model, createdAt), error.code, usage);
  const data = { type: 'response.incomplete', sequence_number: events, response };
  return [{ name: data.type, data: JSON.stringify(data) }, errorEvent(error, events + 1)];
}

/** The event that ends a client's stream with an error, which OpenAI's SDK throws. `sequenceNumber` is its place in the stream; 0 where that is not known. */
export function errorEvent({ code, message, field }: ClientError, sequenceNumber: number): WrittenEvent {
  const data = { type: 'error', code: code === '' ? null : code, message, param: field ?? null, sequence_number: sequenceNumber };
  return { name: 'error', data: JSON.stringify(data) };
}
