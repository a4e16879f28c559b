import { JsonFieldError } from '../../framing/json.ts';
import { noUsage } from '../../llm/usage.ts';
import { failureIn } from '../bedrock-converse/error.ts';
import { readVector } from '../openai-embeddings/response.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { LocatedPart } from '../protocol.ts';
import { isObject, textOf } from '../untrusted.ts';

/** An answer of any of the makers as parts; Cohere's says nothing of tokens, which it counts in a header. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const { embedding, embeddings, message, inputTextTokenCount: count } = answer;
  if (embedding === undefined && embeddings === undefined && message !== undefined) return [{ type: 'error', failure: failureIn(answer) }];
  const vectors = isObject(embeddings) ? embeddings['float'] : (embeddings ?? (embedding === undefined ? undefined : [embedding]));
  if (!Array.isArray(vectors) || vectors.length === 0) throw new JsonFieldError('embeddings', 'must be an array of at least one embedding');
  const inputTokens = typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
  return [
    { type: 'start', id: textOf(answer['id']), model: '' },
    ...vectors.map((vector: unknown, index): LocatedPart => ({ type: 'embedding', index, vector: readVector(vector, `embeddings[${index}]`) })),
    ...(inputTokens === undefined ? [] : [{ type: 'usage' as const, usage: { ...noUsage, inputTokens } }]),
    { type: 'end' },
  ];
}
