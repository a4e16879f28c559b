import { encodeError, encodeStreamError } from '../anthropic-messages/error.ts';
import { anthropicMessages } from '../anthropic-messages/index.ts';
import { decodeRequest } from '../anthropic-messages/request-decode.ts';
import { stateSpots } from '../anthropic-messages/request-state.ts';
import { requestTexts } from '../anthropic-messages/request-texts.ts';
import { storedIds } from '../anthropic-messages/request-stored-ids.ts';
import { atPaths } from '../client-path.ts';
import { decodeFailure } from '../failure.ts';
import { noStreams } from '../no-streams.ts';
import type { CountProtocol } from '../protocol.ts';
import { encodeRequest, facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** How many input tokens a request to Anthropic Messages has (https://platform.claude.com/docs/en/api/messages-count-tokens). */
export const anthropicCountTokens: CountProtocol = {
  ...noStreams,
  name: 'anthropic-count-tokens',
  operation: 'count-tokens',
  carries: anthropicMessages.carries,
  ...atPaths('/v1/messages/count_tokens'),
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
  encodeStreamError,
};
