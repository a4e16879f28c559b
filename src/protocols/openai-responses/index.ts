import { sse } from '../../framing/sse.ts';
import { atPaths } from '../client-path.ts';
import { decodeFailure } from '../failure.ts';
import { encodeError } from '../openai-chat/error.ts';
import type { ChatProtocol } from '../protocol.ts';
import { encodeStreamError } from './error.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { stateSpots } from './request-state.ts';
import { parameterEdits } from './request-parameters.ts';
import { requestTexts } from './request-texts.ts';
import { facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { keptIds, storedIds } from './request-stored-ids.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** OpenAI Responses (https://platform.openai.com/docs/api-reference/responses). To a provider of another protocol it is carried without what OpenAI would keep. */
export const openaiResponses: ChatProtocol = {
  name: 'openai-responses',
  operation: 'chat',
  framing: sse,
  carries: { origin: 'openai', reasoning: true, calls: false },
  ...atPaths('/v1/responses', '/openai/v1/responses', '/openai/responses'),
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
