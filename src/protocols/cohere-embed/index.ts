import { atPaths } from '../client-path.ts';
import { decodeFailure } from '../failure.ts';
import { noStreams } from '../no-streams.ts';
import type { EmbedProtocol } from '../protocol.ts';
import { encodeError } from './error.ts';
import { decodeRequest, encodeRequest, facts, requestTexts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** Cohere's embeddings, version 2 (https://docs.cohere.com/reference/embed). */
export const cohereEmbed: EmbedProtocol = {
  ...noStreams,
  name: 'cohere-embed',
  operation: 'embed',
  ...atPaths('/v2/embed'),
  facts,
  requestTexts,
  retarget,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeFailure,
  encodeError,
};
