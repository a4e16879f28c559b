import type { WrittenEvent } from '../../framing/event.ts';
import { endedEarly } from '../openai-chat/error.ts';
import type { ClientError, StreamSoFar } from '../protocol.ts';

/** Errors are those of chat: one shape for all of OpenAI's API. */
export { encodeError, failureIn } from '../openai-chat/error.ts';

/** An error for a client whose stream has begun, as in chat. */
export const encodeStreamError = (error: ClientError, soFar?: StreamSoFar): WrittenEvent[] => endedEarly('text_completion', error, soFar);
