import { optionalCount, required } from '../../framing/json-fields.ts';
import { parseJson } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { failureIn } from '../bedrock-converse/error.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { LocatedPart } from '../protocol.ts';

/** How many tokens there are, as usage. Throws JsonFieldError, JsonSyntaxError where the body is neither a count nor an error. */
export function decodeAnswer(bytes: Buffer): LocatedPart[] {
  const answer = parsedAnswer(bytes);
  if (answer['inputTokens'] === undefined && answer['message'] !== undefined) return [{ type: 'error', failure: failureIn(answer) }];
  const body = parseJson(bytes);
  required(body, 'inputTokens');
  const usage = { ...noUsage, inputTokens: optionalCount(body, 'inputTokens') ?? 0 };
  return [{ type: 'start', id: '', model: '' }, { type: 'usage', usage }, { type: 'end' }];
}

/** A count for a client. */
export const encodeAnswer = (parts: readonly Part[]): string =>
  JSON.stringify({ inputTokens: parts.findLast((part) => part.type === 'usage')?.usage.inputTokens ?? 0 });
