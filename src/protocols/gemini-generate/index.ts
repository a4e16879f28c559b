import { sse } from '../../framing/sse.ts';
import type { ChatProtocol } from '../protocol.ts';
import { credentialFailure, decodeFailure, encodeError, encodeStreamError } from './error.ts';
import { atMethods } from './request-paths.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { retarget } from './request-retarget.ts';
import { stateSpots } from './request-state.ts';
import { parameterEdits } from './request-parameters.ts';
import { requestTexts } from './request-texts.ts';
import { facts } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { storedIds } from './request-stored-ids.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** Gemini's `generateContent` and `streamGenerateContent`, of the Gemini API and of Vertex AI. Providers are asked for server-sent events. */
export const geminiGenerate: ChatProtocol = {
  name: 'gemini-generate',
  operation: 'chat',
  framing: sse,
  carries: { origin: 'google', reasoning: true, calls: true },
  ...atMethods('generateContent', 'streamGenerateContent'),
  facts,
  requestTexts,
  stateSpots,
  storedIds,
  retarget: (body, _facts, target) => retarget(body, target),
  parameterEdits,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  createDecoder,
  heldTextEvent,
  createEncoder,
  decodeFailure,
  credentialFailure,
  encodeError,
  encodeStreamError,
};
