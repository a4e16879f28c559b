import { credentialFailure, decodeFailure, encodeError, encodeStreamError } from '../gemini-generate/error.ts';
import { atMethods } from '../gemini-generate/request-paths.ts';
import { embedRequestTexts } from '../gemini-generate/request-texts.ts';
import { noStreams } from '../no-streams.ts';
import type { EmbedProtocol } from '../protocol.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeBatch, encodeOne } from './request-encode.ts';
import { batchFacts, facts, retargetEdits } from './request.ts';
import { decodeAnswer, encodeBatchAnswer, encodeOneAnswer } from './response.ts';

/** Gemini's `batchEmbedContents`, which Google's SDKs call for a single text too (https://ai.google.dev/api/embeddings). */
export const geminiEmbed: EmbedProtocol = {
  ...noStreams,
  name: 'gemini-embed',
  operation: 'embed',
  ...atMethods('batchEmbedContents'),
  facts: batchFacts,
  requestTexts: embedRequestTexts,
  retarget: (body, _facts, target) => ({ value: retargetEdits(body, target), warnings: [] }),
  decodeRequest,
  encodeRequest: encodeBatch,
  decodeAnswer,
  encodeAnswer: encodeBatchAnswer,
  decodeFailure,
  credentialFailure,
  encodeError,
  encodeStreamError,
};

/** Gemini's `embedContent`, for one text: its answer has another shape than a batch's. */
export const geminiEmbedContent: EmbedProtocol = {
  ...geminiEmbed,
  name: 'gemini-embed-content',
  ...atMethods('embedContent'),
  facts,
  encodeRequest: encodeOne,
  encodeAnswer: encodeOneAnswer,
};
