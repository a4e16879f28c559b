import { required, requiredString } from '../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../framing/json.ts';

/** The model that a request names in its body. Throws JsonFieldError. */
export function requestedModel(body: JsonNode): string {
  const model = requiredString(body, 'model');
  if (model === '') throw new JsonFieldError('model', 'must not be empty');
  return model;
}

/** Refuses a request without messages, or with one that does not say whose it is. Throws JsonFieldError. */
export function checkMessages(body: JsonNode): void {
  const messages = required(body, 'messages');
  if (messages.items().length === 0) throw new JsonFieldError(messages.path, 'must not be empty');
  for (const message of messages.items()) requiredString(message, 'role');
}
