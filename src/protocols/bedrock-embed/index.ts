import { decodeFailure } from '../bedrock-converse/error.ts';
import { noStreams } from '../no-streams.ts';
import type { EmbedProtocol } from '../protocol.ts';
import { providerOnly } from '../provider-only.ts';
import { encodeRequest } from './request.ts';
import { decodeAnswer } from './response.ts';

/** Embeddings by Bedrock's `invoke`, whose body is each maker's own: Amazon's Titan and Cohere's. Only providers speak it. */
export const bedrockEmbed: EmbedProtocol = {
  ...noStreams,
  ...providerOnly,
  name: 'bedrock-embed',
  operation: 'embed',
  encodeRequest,
  decodeAnswer,
  decodeFailure,
};
