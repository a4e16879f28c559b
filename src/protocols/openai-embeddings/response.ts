import { JsonFieldError } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import { fromBase64Floats, toBase64Floats } from '../float32.ts';
import { failureIn } from '../openai-chat/error.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { EncoderOptions, LocatedPart } from '../protocol.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';
import { readInputUsage, writeInputUsage } from './wire.ts';

/** A provider's JSON answer as parts, its vectors as floats or in base64. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const failure = failureIn(answer);
  if (failure !== undefined) return [{ type: 'error', failure }];
  const data = itemsOf(answer['data']);
  if (data.length === 0) throw new JsonFieldError('data', 'must be an array of at least one embedding');
  const usage = readInputUsage(answer['usage']);
  return [
    { type: 'start', id: textOf(answer['id']), model: textOf(answer['model']) },
    ...data.map(readEmbedding),
    ...(usage === undefined ? [] : [{ type: 'usage' as const, usage }]),
    { type: 'end' },
  ];
}

function readEmbedding(item: unknown, position: number): LocatedPart {
  const { embedding, index }: WireObject = isObject(item) ? item : {};
  return { type: 'embedding', index: typeof index === 'number' ? index : position, vector: readVector(embedding, `data[${position}].embedding`) };
}

/** A vector as floats or in base64. Throws JsonFieldError, naming where it stands. */
export function readVector(value: unknown, field: string): readonly number[] {
  if (typeof value === 'string') return fromBase64Floats(value);
  if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return value;
  throw new JsonFieldError(field, 'must be an array of numbers, or base64');
}

/** A `CreateEmbeddingResponse` for a client, from all its parts: no error among them. */
export function encodeAnswer(parts: readonly Part[], { encoding, model = '' }: EncoderOptions): string {
  const start = parts.find((part) => part.type === 'start');
  const usage = parts.findLast((part) => part.type === 'usage')?.usage;
  const data = parts
    .filter((part) => part.type === 'embedding')
    .map(({ index, vector }) => ({ object: 'embedding', index, embedding: encoding === 'base64' ? toBase64Floats(vector) : vector }));
  return JSON.stringify({
    object: 'list',
    data,
    model: start === undefined || start.model === '' ? model : start.model,
    usage: usage === undefined ? { prompt_tokens: 0, total_tokens: 0 } : writeInputUsage(usage),
  });
}
