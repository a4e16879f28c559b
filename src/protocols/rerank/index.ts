import { atPaths } from '../client-path.ts';
import { decodeFailure } from '../failure.ts';
import { noStreams } from '../no-streams.ts';
import { encodeError } from '../openai-chat/error.ts';
import { retarget } from '../openai-chat/request-retarget.ts';
import type { RerankProtocol } from '../protocol.ts';
import { decodeRequest, encodeRequest, facts, requestTexts } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** Ranking as Jina, vLLM and many others serve it (https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html#re-rank-api). */
export const rerank: RerankProtocol = {
  ...noStreams,
  name: 'rerank',
  operation: 'rerank',
  ...atPaths('/v1/rerank', '/rerank'),
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
