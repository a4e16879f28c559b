import type { EmbedRequest } from '../../llm/embed.ts';

type Purpose = NonNullable<EmbedRequest['purpose']>;

/** What vectors are for, in Google's words (https://ai.google.dev/api/embeddings#TaskType). */
const taskTypes = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
  similarity: 'SEMANTIC_SIMILARITY',
} as const satisfies Record<Purpose, string>;

const purposes = new Map<string, Purpose>(Object.entries(taskTypes).map(([purpose, taskType]) => [taskType, purpose as Purpose]));

/** Kinds of queries, which to others are queries. */
const queries: ReadonlySet<string> = new Set(['QUESTION_ANSWERING', 'FACT_VERIFICATION', 'CODE_RETRIEVAL_QUERY']);

/** Google's word for what the vectors are for. */
export const taskTypeOf = (purpose: Purpose): string => taskTypes[purpose];

/** What the vectors are for, in our words, and whether that says all of it. */
export function purposeOf(taskType: string | undefined): { value: Purpose | undefined; isExact: boolean } {
  if (taskType === undefined) return { value: undefined, isExact: true };
  if (queries.has(taskType)) return { value: 'query', isExact: false };
  const value = purposes.get(taskType);
  return { value, isExact: value !== undefined };
}
