import { decodeFailure } from '../failure.ts';
import { sse } from '../../framing/sse.ts';
import { atPaths } from '../client-path.ts';
import type { ChatProtocol } from '../protocol.ts';
import { encodeError, encodeStreamError } from './error.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { rulesOf } from './request-models.ts';
import { stateSpots } from './request-state.ts';
import { parameterEdits } from './request-parameters.ts';
import { requestTexts } from './request-texts.ts';
import { facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { keptIds, storedIds } from './request-stored-ids.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** The Anthropic Messages API, `POST {base}/v1/messages`. */
export const anthropicMessages: ChatProtocol = {
  name: 'anthropic-messages',
  operation: 'chat',
  framing: sse,
  carries: { origin: 'anthropic', reasoning: true, calls: false },
  holdsSchemas: ({ model, quirks }) => rulesOf(model).schemas && quirks.jsonSchema !== false,
  ...atPaths('/v1/messages'),
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
