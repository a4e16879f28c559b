import type { Part } from '../../llm/part.ts';
import { failureIn } from '../cohere-embed/error.ts';
import { readMeta, writeMeta } from '../cohere-embed/wire.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { LocatedPart } from '../protocol.ts';
import { readResults, writeResults } from '../rerank/wire.ts';
import { textOf } from '../untrusted.ts';

/** A provider's JSON answer as parts. Cohere bills searches, so that there is usage only where it counts tokens besides. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const failure = failureIn(answer, 'results');
  if (failure !== undefined) return [{ type: 'error', failure }];
  const usage = readMeta(answer['meta']);
  return [
    { type: 'start', id: textOf(answer['id']), model: '' },
    ...readResults(answer['results']),
    ...(usage === undefined ? [] : [{ type: 'usage' as const, usage }]),
    { type: 'end' },
  ];
}

/** An answer for a client, from all its parts: no error among them. */
export function encodeAnswer(parts: readonly Part[]): string {
  const start = parts.find((part) => part.type === 'start');
  const usage = parts.findLast((part) => part.type === 'usage')?.usage;
  return JSON.stringify({ id: start?.id ?? '', results: writeResults(parts, false), meta: writeMeta(usage) });
}
