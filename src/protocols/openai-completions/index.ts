import { sse } from '../../framing/sse.ts';
import { atPaths } from '../client-path.ts';
import { decodeFailure } from '../failure.ts';
import { encodeError, encodeStreamError } from './error.ts';
import type { ChatProtocol } from '../protocol.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { parameterEdits } from './request-parameters.ts';
import { requestTexts } from './request-texts.ts';
import { facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** OpenAI's older API, which completes text (https://platform.openai.com/docs/api-reference/completions). */
export const openaiCompletions: ChatProtocol = {
  name: 'openai-completions',
  operation: 'chat',
  framing: sse,
  carries: { origin: undefined, reasoning: false, calls: false },
  ...atPaths('/v1/completions', '/openai/v1/completions', '/openai/deployments/{model}/completions'),
  facts,
  requestTexts,
  stateSpots: () => [],
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
