import { JsonFieldError } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import type { LocatedPart } from '../protocol.ts';
import { isObject, itemsOf } from '../untrusted.ts';

/** The results of an answer, the best first; documents they repeat are said once more. Throws JsonFieldError where there are none. */
export function readResults(results: unknown): LocatedPart[] {
  if (!Array.isArray(results)) throw new JsonFieldError('results', 'must be an array');
  return itemsOf(results).flatMap((result, position): LocatedPart[] => {
    const { index, relevance_score: score, document } = isObject(result) ? result : {};
    if (typeof index !== 'number' || typeof score !== 'number')
      throw new JsonFieldError(`results[${position}]`, 'must have an index and a relevance_score');
    const text = isObject(document) ? document['text'] : document;
    if (typeof text !== 'string') return [{ type: 'ranking', index, score }];
    const path = ['results', position, 'document', ...(isObject(document) ? ['text'] : [])];
    return [
      { type: 'ranking', index, score, document: text },
      { type: 'echo', of: 'text', text, place: { path, kind: 'text' } },
    ];
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
