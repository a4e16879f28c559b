import { credentialFailure, decodeFailure, encodeError, encodeStreamError } from '../gemini-generate/error.ts';
import { atMethods } from '../gemini-generate/request-paths.ts';
import { countRequestTexts } from '../gemini-generate/request-texts.ts';
import { noStreams } from '../no-streams.ts';
import type { CountProtocol } from '../protocol.ts';
import { countedStateSpots, countedStoredIds, decodeRequest, encodeRequest, facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** Gemini's `countTokens`, of the Gemini API and of Vertex AI (https://ai.google.dev/api/tokens). */
export const geminiCountTokens: CountProtocol = {
  ...noStreams,
  name: 'gemini-count-tokens',
  operation: 'count-tokens',
  carries: { origin: 'google', reasoning: true, calls: true },
  ...atMethods('countTokens'),
  facts,
  requestTexts: countRequestTexts,
  stateSpots: countedStateSpots,
  storedIds: countedStoredIds,
  retarget,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeFailure,
  credentialFailure,
  encodeError,
  encodeStreamError,
};
