import { decodeFailure, encodeError, errorHeaders } from '../bedrock-converse/error.ts';
import { bedrockConverse } from '../bedrock-converse/index.ts';
import { countRequestTexts } from '../bedrock-converse/request-texts.ts';
import { atOperations, retarget } from '../bedrock-converse/request.ts';
import { noStreams } from '../no-streams.ts';
import type { CountProtocol } from '../protocol.ts';
import { countedStateSpots, countedStoredIds, decodeRequest, encodeRequest, facts } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** How many input tokens a Converse request has (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html). */
export const bedrockCountTokens: CountProtocol = {
  ...noStreams,
  name: 'bedrock-count-tokens',
  operation: 'count-tokens',
  carries: bedrockConverse.carries,
  ...atOperations({ 'count-tokens': false }),
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
  encodeError,
  errorHeaders,
};
