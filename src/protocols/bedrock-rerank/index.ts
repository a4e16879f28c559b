import { decodeFailure } from '../bedrock-converse/error.ts';
import { noStreams } from '../no-streams.ts';
import type { RerankProtocol } from '../protocol.ts';
import { providerOnly } from '../provider-only.ts';
import { encodeRequest } from './request.ts';
import { decodeAnswer } from './response.ts';

/** Ranking by Bedrock's `invoke`, with the models of Cohere and Amazon. Only providers speak it. */
export const bedrockRerank: RerankProtocol = {
  ...noStreams,
  ...providerOnly,
  name: 'bedrock-rerank',
  operation: 'rerank',
  encodeRequest,
  decodeAnswer,
  decodeFailure,
};
