import { JsonFieldError } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { failureIn } from '../gemini-generate/error.ts';
import { mergeUsage } from '../gemini-generate/wire-usage.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { LocatedPart } from '../protocol.ts';
import { isObject, itemsOf, type WireObject } from '../untrusted.ts';

/** One embedding or several as parts. Throws JsonFieldError, JsonSyntaxError where the body is neither that nor an error. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const failure = failureIn(answer);
  if (failure !== undefined) return [{ type: 'error', failure }];
  const { embedding, embeddings, usageMetadata } = answer;
  const found = isObject(embedding) ? [embedding] : itemsOf(embeddings);
  if (found.length === 0) throw new JsonFieldError('embeddings', 'must be an array of at least one embedding');
  return [
    { type: 'start', id: '', model: '' },
    ...found.map((each, index): LocatedPart => ({ type: 'embedding', index, vector: vectorOf(each, index) })),
    ...(isObject(usageMetadata) ? [{ type: 'usage' as const, usage: usageIn(usageMetadata) }] : []),
    { type: 'end' },
  ];
}

function vectorOf(embedding: unknown, index: number): number[] {
  const values = isObject(embedding) ? embedding['values'] : undefined;
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'number')) {
    throw new JsonFieldError(`embeddings[${index}].values`, 'must be an array of numbers');
  }
  return values;
}

/** Embeddings are made of nothing but input. */
const usageIn = (metadata: WireObject) => ({ ...mergeUsage(undefined, metadata), outputTokens: 0, reasoningTokens: 0 });

/** A `BatchEmbedContentsResponse` for a client. */
export const encodeBatchAnswer = (parts: readonly Part[]): string => JSON.stringify({ embeddings: vectorsIn(parts), ...usageOf(parts) });

/** An `EmbedContentResponse` for a client. */
export const encodeOneAnswer = (parts: readonly Part[]): string =>
  JSON.stringify({ embedding: vectorsIn(parts)[0] ?? { values: [] }, ...usageOf(parts) });

const vectorsIn = (parts: readonly Part[]): { values: readonly number[] }[] =>
  parts
    .filter((part) => part.type === 'embedding')
    .toSorted((a, b) => a.index - b.index)
    .map(({ vector }) => ({ values: vector }));

function usageOf(parts: readonly Part[]): object {
  const { inputTokens } = parts.findLast((part) => part.type === 'usage')?.usage ?? noUsage;
  return inputTokens === 0 ? {} : { usageMetadata: { promptTokenCount: inputTokens, totalTokenCount: inputTokens } };
}
