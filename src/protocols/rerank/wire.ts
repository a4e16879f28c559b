import { JsonFieldError } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import { isObject, itemsOf, textOf } from '../untrusted.ts';

type Ranking = Extract<Part, { type: 'ranking' }>;

/** The results of an answer, the best first. Throws JsonFieldError where there are none. */
export function readResults(results: unknown): Ranking[] {
  if (!Array.isArray(results)) throw new JsonFieldError('results', 'must be an array');
  return itemsOf(results).map((result, position) => {
    const { index, relevance_score: score, document } = isObject(result) ? result : {};
    if (typeof index !== 'number' || typeof score !== 'number')
      throw new JsonFieldError(`results[${position}]`, 'must have an index and a relevance_score');
    const text = isObject(document) ? document['text'] : document;
    return { type: 'ranking', index, score, ...(typeof text === 'string' && { document: textOf(text) }) };
  });
}

/** Results as all servers of this shape write them. */
export const writeResults = (parts: readonly Part[], withDocuments: boolean) =>
  parts
    .filter((part) => part.type === 'ranking')
    .map(({ index, score, document }) => ({
      index,
      relevance_score: score,
      document: withDocuments && document !== undefined ? { text: document } : undefined,
    }));
