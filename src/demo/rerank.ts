import { createHash } from 'node:crypto';
import { tokensOfBytes } from './answerer.ts';
import { knowsModel } from './behaviour.ts';
import { createCompatibleChat } from './compatible.ts';
import { openAIFault, openAIProblem, openAIRefusal } from './openai/error.ts';
import { rank } from './relevance.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import { byType, flag, integer, list, nullable, record, text } from './shape.ts';
import type { PlainEndpoint, Vendor } from './vendor.ts';

const rerankModels = ['jina-reranker-v3', 'jina-reranker-v2-base-multilingual', 'BAAI/bge-reranker-v2-m3'] as const;

interface RerankRequest {
  model: string;
  query: string;
  documents: (string | { text: string })[];
  top_n?: number | null;
  return_documents?: boolean | null;
}

const shape = record(
  { model: text({ min: 1 }), query: text({ min: 1 }), documents: list(byType({ string: text(), object: record({ text: text() }) }), { min: 1 }) },
  { top_n: nullable(integer({ min: 1 })), return_documents: nullable(flag), max_chunks_per_doc: nullable(integer({ min: 1 })) },
);

/**
 * `POST /v1/rerank` as Jina (https://api.jina.ai/redoc) and vLLM (https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html) serve it.
 * Documents come back unless they are not wanted.
 */
const rerank: PlainEndpoint = {
  name: 'rerank',
  match: (method, path) => (method === 'POST' && path === '/v1/rerank' ? {} : undefined),
  answer({ json }, models) {
    const problem = shape(json, []);
    if (problem) return { refusal: openAIProblem(problem) };
    // The shape has just been checked.
    const request = json as RerankRequest;
    const { model, query, documents, top_n: topN, return_documents: returnsDocuments } = request;
    if (!knowsModel(models, model)) return { refusal: { ...openAIRefusal(404), message: `There is no model '${model}'.` } };
    if (query.trim() === '') return { refusal: openAIFault('query', undefined, "'query' must say something.") };
    const texts = documents.map((document) => (typeof document === 'string' ? document : document.text));
    const results = rank(query, texts, topN).map((ranked) => ({
      ...ranked,
      ...(returnsDocuments !== false && { document: { text: texts[ranked.index] } }),
    }));
    const tokens = tokensOfBytes(Buffer.byteLength(query) * texts.length + Buffer.byteLength(texts.join('')));
    const id = `rerank-${createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 32)}`;
    return { json: { id, model, usage: { prompt_tokens: tokens, total_tokens: tokens }, results } };
  },
};

const chat = createCompatibleChat('vllm');
const vendor: Vendor<unknown> = { ...chat, models: [...chat.models, ...rerankModels] };

/** A fake server of rerank models, as vLLM is with one: its chat is there too. */
export const startFakeRerank = (options: FakeOptions = {}): Promise<FakeProvider> =>
  startFake({ vendors: [vendor], plain: [rerank], basePath: '/v1' }, 'sk-demo-rerank', options);
