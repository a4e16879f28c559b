import { cohereRerankModels } from './models.ts';
import { countHeader, invoked, refuseCall } from './plain.ts';
import { cohereRerankShape } from './shape.ts';
import { tokensOfBytes } from '../answerer.ts';
import { toEmbedding } from '../gemini/embedding.ts';
import type { PlainEndpoint } from '../vendor.ts';

interface RerankBody {
  query: string;
  documents: readonly string[];
  top_n?: number;
}

/** Cohere Rerank (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-rerank.html): documents that share words with the query come first. */
export const cohereRerank: PlainEndpoint = {
  name: 'Cohere rerank',
  match: invoked(cohereRerankModels),
  answer(call, models) {
    const refused = refuseCall(cohereRerankShape, call, models);
    if (refused) return { refusal: refused };
    // The shape has just been checked.
    const body = call.json as RerankBody;
    const { query, documents, top_n } = body;
    const wanted = toEmbedding(query, 512);
    const scored = documents.map((document, index) => ({ index, relevance_score: nearness(wanted, toEmbedding(document, 512)) }));
    const results = scored.toSorted((a, b) => b.relevance_score - a.relevance_score).slice(0, top_n);
    return { json: { results }, headers: countHeader(tokensOfBytes(Buffer.byteLength(query + documents.join('')))) };
  },
};

/** From 0 to 1, for vectors of length 1. */
const nearness = (a: readonly number[], b: readonly number[]): number => (1 + a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)) / 2;
