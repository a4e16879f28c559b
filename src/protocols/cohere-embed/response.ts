import { JsonFieldError } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import { toBase64Floats } from '../float32.ts';
import { readVector } from '../openai-embeddings/response.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { EncoderOptions, LocatedPart } from '../protocol.ts';
import { isObject, itemsOf, textOf } from '../untrusted.ts';
import { failureIn } from './error.ts';
import { readMeta, writeMeta } from './wire.ts';

/** A provider's JSON answer as parts. Kinds of vectors that we have no form for stay in the bytes of clients who speak Cohere. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const failure = failureIn(answer, 'embeddings');
  if (failure !== undefined) return [{ type: 'error', failure }];
  if (!isObject(answer['embeddings'])) throw new JsonFieldError('embeddings', 'must be an object');
  const { float, base64 } = answer['embeddings'];
  const kind = Array.isArray(float) ? 'float' : 'base64';
  const usage = readMeta(answer['meta']);
  return [
    { type: 'start', id: textOf(answer['id']), model: '' },
    ...itemsOf(kind === 'float' ? float : base64).map((vector, index): LocatedPart => ({
      type: 'embedding',
      index,
      vector: readVector(vector, `embeddings.${kind}[${index}]`),
    })),
    ...(usage === undefined ? [] : [{ type: 'usage' as const, usage }]),
    { type: 'end' },
  ];
}

/** An answer by types for a client, from all its parts: no error among them. */
export function encodeAnswer(parts: readonly Part[], { encoding }: EncoderOptions): string {
  const start = parts.find((part) => part.type === 'start');
  const usage = parts.findLast((part) => part.type === 'usage')?.usage;
  const vectors = parts
    .filter((part) => part.type === 'embedding')
    .toSorted((a, b) => a.index - b.index)
    .map(({ vector }) => vector);
  return JSON.stringify({
    id: start?.id ?? '',
    response_type: 'embeddings_by_type',
    embeddings: encoding === 'base64' ? { base64: vectors.map(toBase64Floats) } : { float: vectors },
    meta: writeMeta(usage),
  });
}
