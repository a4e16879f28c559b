import { failureIn } from '../bedrock-converse/error.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { LocatedPart } from '../protocol.ts';
import { readResults } from '../rerank/wire.ts';

/** An answer as parts. It says nothing of usage: searches are billed. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const { results, message } = answer;
  if (results === undefined && message !== undefined) return [{ type: 'error', failure: failureIn(answer) }];
  return [{ type: 'start', id: '', model: '' }, ...readResults(results), { type: 'end' }];
}
