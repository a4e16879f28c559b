import { atPaths } from '../client-path.ts';
import { encodeError } from '../cohere-embed/error.ts';
import { retarget } from '../cohere-embed/request.ts';
import { decodeFailure } from '../failure.ts';
import { noStreams } from '../no-streams.ts';
import type { RerankProtocol } from '../protocol.ts';
import { facts, requestTexts } from '../rerank/request.ts';
import { decodeRequest, encodeRequest } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** Cohere's ranking, version 2 (https://docs.cohere.com/reference/rerank). */
export const cohereRerank: RerankProtocol = {
  ...noStreams,
  name: 'cohere-rerank',
  operation: 'rerank',
  ...atPaths('/v2/rerank'),
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
