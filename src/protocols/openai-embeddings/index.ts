import { atPaths } from '../client-path.ts';
import { decodeFailure } from '../failure.ts';
import { noStreams } from '../no-streams.ts';
import { encodeError } from '../openai-chat/error.ts';
import { retarget } from '../openai-chat/request-retarget.ts';
import type { EmbedProtocol } from '../protocol.ts';
import { decodeRequest, encodeRequest, facts, requestTexts } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** OpenAI's embeddings, also served by most compatible servers (https://platform.openai.com/docs/api-reference/embeddings). */
export const openaiEmbeddings: EmbedProtocol = {
  ...noStreams,
  name: 'openai-embeddings',
  operation: 'embed',
  ...atPaths('/v1/embeddings', '/openai/v1/embeddings', '/openai/deployments/{model}/embeddings'),
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
