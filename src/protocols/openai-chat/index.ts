import { decodeFailure } from '../failure.ts';
import { sse } from '../../framing/sse.ts';
import { atPaths } from '../client-path.ts';
import type { ChatProtocol } from '../protocol.ts';
import { encodeError, encodeStreamError } from './error.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { stateSpots } from './request-state.ts';
import { parameterEdits } from './request-parameters.ts';
import { requestTexts } from './request-texts.ts';
import { retarget } from './request-retarget.ts';
import { facts } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { keptIds, storedIds } from './request-stored-ids.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** OpenAI Chat Completions, also spoken by most servers that call themselves compatible (https://platform.openai.com/docs/api-reference/chat). */
export const openaiChat: ChatProtocol = {
  name: 'openai-chat',
  operation: 'chat',
  framing: sse,
  carries: { origin: undefined, reasoning: false, calls: false },
  ...atPaths('/v1/chat/completions', '/openai/v1/chat/completions', '/openai/deployments/{model}/chat/completions'),
  facts,
  requestTexts,
  stateSpots,
  storedIds,
  keptIds,
  retarget,
  parameterEdits,
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
