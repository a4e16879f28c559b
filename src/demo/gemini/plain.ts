import { toEmbedding } from './embedding.ts';
import { refuseModel } from './endpoint.ts';
import { geminiFault, geminiRefusal, violationsRefusal } from './error.ts';
import { inputTokenLimit, isEmbeddingModel, maxDimensions, outputTokenLimit } from './models.ts';
import type { Dialect } from './proto-json.ts';
import { partRules } from './content-rules.ts';
import type { GeminiBody, GeminiContent } from './request.ts';
import { readMessage } from './shape.ts';
import { tokensOfBytes } from '../answerer.ts';
import { firstRefusal } from '../vendor.ts';
import type { Address, PlainAnswer, PlainEndpoint, Refusal } from '../vendor.ts';

interface EmbedRequest {
  content?: GeminiContent;
  model?: string;
  outputDimensionality?: number;
  taskType?: string;
  title?: string;
}

/** `countTokens` (https://ai.google.dev/api/tokens): counts as the answers do, a token for every four bytes. */
export function createCountTokens(dialect: Dialect, match: PlainEndpoint['match']): PlainEndpoint {
  return {
    name: 'countTokens',
    match,
    answer({ address: { model = '' }, json, body: bytes }, models) {
      const message = readMessage('countTokens', json, dialect);
      if ('violations' in message) return { refusal: violationsRefusal(message.violations) };
      // The readers have just given it this shape.
      const { generateContentRequest, ...own } = message.read as GeminiBody & { generateContentRequest?: GeminiBody };
      if (generateContentRequest && own.contents) {
        return { refusal: geminiFault('Only one of contents and generate_content_request can be set.') };
      }
      const request = { dialect, model, stream: false, isEventStream: false, body: generateContentRequest ?? own };
      const refusal = refuseModel(model, models) ?? firstRefusal(partRules, request);
      if (refusal) return { refusal };
      const totalTokens = tokensOfBytes(bytes.length);
      return { json: { totalTokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }] } };
    },
  };
}

/** `embedContent` (https://ai.google.dev/api/embeddings). */
export const createEmbedContent = (match: PlainEndpoint['match']): PlainEndpoint => ({
  name: 'embedContent',
  match,
  answer({ address: { model = '' }, json }, models) {
    const message = readMessage('embed', json, 'Gemini');
    if ('violations' in message) return { refusal: violationsRefusal(message.violations) };
    // The readers have just given it this shape.
    const request = message.read as EmbedRequest;
    const refusal = refuseEmbeddingModel(model, models) ?? refuseEmbedding(request, model);
    return refusal ? { refusal } : { json: { embedding: embed(request), ...usageOf([request]) } };
  },
});

/** Most requests of one batch. */
const maxBatch = 100;

/** `batchEmbedContents`: what the SDK calls for a single text too. */
export const createBatchEmbedContents = (match: PlainEndpoint['match']): PlainEndpoint => ({
  name: 'batchEmbedContents',
  match,
  answer({ address: { model = '' }, json }, models) {
    const message = readMessage('batchEmbed', json, 'Gemini');
    if ('violations' in message) return { refusal: violationsRefusal(message.violations) };
    // The readers have just given it this shape.
    const { requests = [] } = message.read as { requests?: EmbedRequest[] };
    const refusal = refuseEmbeddingModel(model, models) ?? refuseBatch(requests, model);
    return refusal ? { refusal } : { json: { embeddings: requests.map(embed), ...usageOf(requests) } };
  },
});

function refuseBatch(requests: readonly EmbedRequest[], model: string): Refusal | undefined {
  if (requests.length === 0) return geminiFault('* BatchEmbedContentsRequest.requests: requests is not specified');
  if (requests.length > maxBatch) return geminiFault(`* BatchEmbedContentsRequest.requests: at most ${maxBatch} requests can be in one batch`);
  const nameless = requests.findIndex((request) => request.model === undefined);
  if (nameless >= 0) return geminiFault(`* BatchEmbedContentsRequest.requests[${nameless}].model: unexpected model name format`);
  return requests.map((request) => refuseEmbedding(request, model)).find(Boolean);
}

function refuseEmbeddingModel(model: string, models: ReadonlySet<string>): Refusal | undefined {
  if (models.has(model) && isEmbeddingModel(model)) return undefined;
  return { ...geminiRefusal(404), message: `models/${model} is not found, or is not supported for embedContent. Call ListModels to see the models.` };
}

function refuseEmbedding({ content, model: named, outputDimensionality, taskType, title }: EmbedRequest, model: string): Refusal | undefined {
  if (named !== undefined && named !== `models/${model}`) {
    return geminiFault(`* EmbedContentRequest.model: '${named}' is not the model of the path, 'models/${model}'`);
  }
  const { parts = [] } = content ?? {};
  if (parts.length === 0) return geminiFault('* EmbedContentRequest.content: content is not specified');
  if (parts.some(({ text, inlineData, fileData }) => (text ?? '') === '' && !inlineData && !fileData)) {
    return geminiFault('* EmbedContentRequest.content: content is empty');
  }
  if (model === 'gemini-embedding-001' && parts.some(({ text }) => text === undefined)) return geminiFault('This model embeds text alone.');
  if (outputDimensionality !== undefined && (outputDimensionality < 1 || outputDimensionality > maxDimensions)) {
    return geminiFault(`* EmbedContentRequest.output_dimensionality: must be from 1 to ${maxDimensions}`);
  }
  return title !== undefined && taskType !== 'RETRIEVAL_DOCUMENT'
    ? geminiFault('title goes with the task type RETRIEVAL_DOCUMENT alone.')
    : undefined;
}

const textOf = ({ content }: EmbedRequest): string =>
  (content?.parts ?? []).map(({ text, inlineData, fileData }) => text ?? inlineData?.data ?? fileData?.fileUri ?? '').join(' ');

const embed = (request: EmbedRequest): object => ({ values: toEmbedding(textOf(request), request.outputDimensionality ?? maxDimensions) });

function usageOf(requests: readonly EmbedRequest[]): object {
  const promptTokenCount = requests.reduce((sum, request) => sum + tokensOfBytes(Buffer.byteLength(textOf(request))), 0);
  return { usageMetadata: { promptTokenCount, totalTokenCount: promptTokenCount } };
}

/** `models.list` and `models.get` (https://ai.google.dev/api/models). */
export const createModels = (match: PlainEndpoint['match']): PlainEndpoint => ({
  name: 'models',
  match,
  answer: ({ address }, models) => (address.model === undefined ? listModels(address, [...models]) : getModel(address.model, models)),
});

function getModel(model: string, models: ReadonlySet<string>): PlainAnswer {
  if (models.has(model)) return { json: describe(model) };
  return { refusal: { ...geminiRefusal(404), message: `Model is not found: models/${model}` } };
}

/** A page of the list; its token is the place where the next page begins. */
function listModels({ pageSize, pageToken }: Address, models: readonly string[]): PlainAnswer {
  const size = Number(pageSize ?? 50);
  const start = Number(pageToken ?? 0);
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(start)) return { refusal: geminiFault('page_size or page_token is not valid.') };
  const end = start + Math.min(size, 1000);
  const next = end < models.length ? { nextPageToken: String(end) } : {};
  return { json: { models: models.slice(start, end).map(describe), ...next } };
}

function describe(model: string): object {
  const writes = {
    supportedGenerationMethods: ['generateContent', 'countTokens'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
    thinking: true,
  };
  return {
    name: `models/${model}`,
    version: '001',
    displayName: model,
    description: `The demo ${model}`,
    inputTokenLimit: inputTokenLimit(model),
    outputTokenLimit: isEmbeddingModel(model) ? 1 : outputTokenLimit,
    ...(isEmbeddingModel(model) ? { supportedGenerationMethods: ['embedContent', 'countTextTokens', 'countTokens'] } : writes),
  };
}
