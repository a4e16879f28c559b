import { JsonFieldError, parseJson } from '../../framing/json.ts';
import { optionalCount } from '../../framing/json-fields.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { failureIn } from '../gemini-generate/error.ts';
import type { LocatedPart } from '../protocol.ts';
import { isObject } from '../untrusted.ts';

/** How many tokens there are, as usage. Throws JsonFieldError, JsonSyntaxError where the body is neither a count nor an error. */
export function decodeAnswer(bytes: Buffer): LocatedPart[] {
  const body = parseJson(bytes);
  const answer = JSON.parse(body.text) as unknown;
  const failure = isObject(answer) ? failureIn(answer) : undefined;
  if (failure !== undefined) return [{ type: 'error', failure }];
  if (body.type !== 'object') throw new JsonFieldError('', 'must be an object');
  // proto3 JSON leaves out what is 0.
  const usage = {
    ...noUsage,
    inputTokens: optionalCount(body, 'totalTokens') ?? 0,
    cacheReadTokens: optionalCount(body, 'cachedContentTokenCount') ?? 0,
  };
  return [{ type: 'start', id: '', model: '' }, { type: 'usage', usage }, { type: 'end' }];
}

/** A `CountTokensResponse` for a client. */
export function encodeAnswer(parts: readonly Part[]): string {
  const { inputTokens, cacheReadTokens } = parts.findLast((part) => part.type === 'usage')?.usage ?? noUsage;
  return JSON.stringify({ totalTokens: inputTokens, ...(cacheReadTokens > 0 && { cachedContentTokenCount: cacheReadTokens }) });
}
