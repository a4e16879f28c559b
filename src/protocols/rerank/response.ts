import type { Part } from '../../llm/part.ts';
import { failureIn } from '../openai-chat/error.ts';
import { readInputUsage, writeInputUsage } from '../openai-embeddings/wire.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { EncoderOptions, LocatedPart } from '../protocol.ts';
import { textOf } from '../untrusted.ts';
import { readResults, writeResults } from './wire.ts';

/** A provider's JSON answer as parts. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const failure = failureIn(answer);
  if (failure !== undefined) return [{ type: 'error', failure }];
  const usage = readInputUsage(answer['usage']);
  return [
    { type: 'start', id: textOf(answer['id']), model: textOf(answer['model']) },
    ...readResults(answer['results']),
    ...(usage === undefined ? [] : [{ type: 'usage' as const, usage }]),
    { type: 'end' },
  ];
}

/** An answer for a client, from all its parts: no error among them. */
export function encodeAnswer(parts: readonly Part[], { model = '' }: EncoderOptions): string {
  const start = parts.find((part) => part.type === 'start');
  const usage = parts.findLast((part) => part.type === 'usage')?.usage;
  return JSON.stringify({
    id: start?.id === '' ? undefined : start?.id,
    object: 'list',
    model: start === undefined || start.model === '' ? model : start.model,
    results: writeResults(parts, true),
    usage: usage && writeInputUsage(usage),
  });
}
