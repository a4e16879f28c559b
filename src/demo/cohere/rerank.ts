import { createHash } from 'node:crypto';
import { knowsModel } from '../behaviour.ts';
import { rank } from '../relevance.ts';
import { byType, flag, integer, isObject, list, nullable, openObject, record, text } from '../shape.ts';
import type { PlainEndpoint, Refusal } from '../vendor.ts';
import { cohereFault, cohereProblem, cohereRefusal } from './error.ts';
import { cohereGate, cohereMeta } from './gate.ts';

/** Models that rank documents. */
export const cohereRerankModels = ['rerank-v4.0-pro', 'rerank-v4.0-fast', 'rerank-v3.5', 'rerank-english-v3.0'] as const;

interface RerankRequest {
  model?: string | null;
  query: string;
  documents: (string | Record<string, unknown>)[];
  top_n?: number | null;
  max_tokens_per_doc?: number | null;
  rank_fields?: string[] | null;
  return_documents?: boolean | null;
}

const shapes = {
  2: record(
    { model: text({ min: 1 }), query: text(), documents: list(text()) },
    { top_n: nullable(integer({ min: 1 })), max_tokens_per_doc: nullable(integer({ min: 1 })), priority: nullable(integer({ min: 0, max: 999 })) },
  ),
  1: record(
    { query: text(), documents: list(byType({ string: text(), object: openObject })) },
    {
      model: nullable(text({ min: 1 })),
      top_n: nullable(integer({ min: 1 })),
      rank_fields: byType({ null: () => undefined, array: list(text()) }),
      return_documents: nullable(flag),
      max_chunks_per_doc: nullable(integer({ min: 1 })),
    },
  ),
};

const bytesPerToken = 4;
const defaultTokensPerDocument = 4096;

/** A search is a query with up to a hundred documents (https://docs.cohere.com/docs/rerank-overview). */
const documentsPerSearch = 100;

const createRerank = (version: 1 | 2): PlainEndpoint => ({
  name: `rerank v${version}`,
  gate: cohereGate,
  match: (method, path) => (method === 'POST' && path === `/v${version}/rerank` ? {} : undefined),
  answer({ json }, models) {
    const problem = shapes[version](json, []);
    if (problem) return { refusal: cohereProblem(problem) };
    // The shape has just been checked.
    const request = json as RerankRequest;
    const refusal = refuse(request, models);
    if (refusal) return { refusal };
    const { query, documents, top_n: topN, return_documents: returnsDocuments } = request;
    const texts = documents.map((document) => textOf(document, request));
    const results = rank(query, texts, topN).map((ranked) => ({
      ...(returnsDocuments === true && { document: toDocument(documents[ranked.index] ?? '') }),
      ...ranked,
    }));
    const id = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 32);
    const searchUnits = Math.ceil(documents.length / documentsPerSearch);
    return { json: { id, results, meta: cohereMeta(version === 1 ? '1' : '2', { search_units: searchUnits }) } };
  },
});

/** `POST /v2/rerank` (https://docs.cohere.com/reference/rerank). */
export const cohereRerank = createRerank(2);

/** `POST /v1/rerank` (https://docs.cohere.com/v1/reference/rerank): documents may be objects, and come back if asked for. */
export const cohereRerankV1 = createRerank(1);

function refuse({ model, query, documents, rank_fields: fields }: RerankRequest, models: ReadonlySet<string>): Refusal | undefined {
  if (typeof model === 'string' && !knowsModel(models, model)) {
    return { ...cohereRefusal(404), message: `model '${model}' not found, make sure the correct model ID was used.` };
  }
  if (query.trim() === '') return cohereFault('query must not be empty or be only whitespace');
  if (documents.length === 0) return cohereFault('list of documents must not be empty');
  const names = fields ?? ['text'];
  const lacks = documents.some((document) => isObject(document) && !names.every((name) => name in document));
  return lacks ? cohereFault(`each document needs the fields ${names.join(', ')}`) : undefined;
}

/** What of a document is looked at: its fields, and of these so many tokens. */
function textOf(document: string | Record<string, unknown>, { rank_fields: fields, max_tokens_per_doc: tokens }: RerankRequest): string {
  const whole = typeof document === 'string' ? document : (fields ?? ['text']).map((name) => String(document[name])).join('\n');
  return whole.slice(0, (tokens ?? defaultTokensPerDocument) * bytesPerToken);
}

const toDocument = (document: string | Record<string, unknown>): object => (typeof document === 'string' ? { text: document } : document);
