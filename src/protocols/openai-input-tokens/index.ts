import { atPaths } from '../client-path.ts';
import { decodeFailure } from '../failure.ts';
import { noStreams } from '../no-streams.ts';
import { encodeError } from '../openai-chat/error.ts';
import { openaiResponses } from '../openai-responses/index.ts';
import { decodeRequest } from '../openai-responses/request-decode.ts';
import { stateSpots } from '../openai-responses/request-state.ts';
import { requestTexts } from '../openai-responses/request-texts.ts';
import { retarget } from '../openai-responses/request.ts';
import { storedIds } from '../openai-responses/request-stored-ids.ts';
import type { CountProtocol } from '../protocol.ts';
import { encodeRequest, facts } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** How many input tokens an OpenAI Responses request has (https://platform.openai.com/docs/api-reference/responses/input-tokens). */
export const openaiInputTokens: CountProtocol = {
  ...noStreams,
  name: 'openai-input-tokens',
  operation: 'count-tokens',
  carries: openaiResponses.carries,
  ...atPaths('/v1/responses/input_tokens', '/openai/v1/responses/input_tokens'),
  facts,
  requestTexts,
  stateSpots,
  storedIds,
  retarget,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeFailure,
  encodeError,
};
