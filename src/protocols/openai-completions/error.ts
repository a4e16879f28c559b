/** Errors are those of chat: one shape for all of OpenAI's API. */
export { encodeError, encodeStreamError, failureIn } from '../openai-chat/error.ts';
