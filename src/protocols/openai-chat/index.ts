import { decodeFailure } from '../failure.ts';
import type { Protocol } from '../protocol.ts';
import { encodeError, encodeStreamError } from './error.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { requestTexts } from './request-texts.ts';
import { facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** OpenAI Chat Completions, also spoken by most servers that call themselves compatible (https://platform.openai.com/docs/api-reference/chat). */
export const openaiChat: Protocol = {
  name: 'openai-chat',
  clientPath: '/v1/chat/completions',
  facts,
  requestTexts,
  retarget,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  createDecoder,
  heldTextEvent,
  createEncoder,
  decodeFailure,
  encodeError,
  encodeStreamError,
};
