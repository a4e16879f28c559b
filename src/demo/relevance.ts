/** How relevant a text is to a query, from 0 to 1: the more of the query's words it has, and the less else it says, the more. */
export function relevanceOf(query: string, text: string): number {
  const wanted = wordsOf(query);
  const given = wordsOf(text);
  if (wanted.size === 0 || given.size === 0) return 0;
  const shared = [...wanted].filter((word) => given.has(word)).length;
  const score = (0.9 * shared) / wanted.size + (0.1 * shared) / given.size;
  return Math.round(score * 1e6) / 1e6;
}

/** A document's place in what was sent, and its relevance. */
export interface Ranked {
  index: number;
  relevance_score: number;
}

/** Documents by their relevance, the most relevant first and equals in their order; the first `topN` of them, or all. */
export function rank(query: string, texts: readonly string[], topN: number | null = null): Ranked[] {
  const ranked = texts.map((text, index) => ({ index, relevance_score: relevanceOf(query, text) }));
  return ranked.toSorted((a, b) => b.relevance_score - a.relevance_score).slice(0, topN ?? undefined);
}

const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
