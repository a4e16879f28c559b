import { optional, optionalCount, required } from '../../framing/json-fields.ts';
import { parseJson } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { failureIn } from '../anthropic-messages/error.ts';
import type { LocatedPart } from '../protocol.ts';

/** How many tokens there are, as usage. Throws JsonFieldError, JsonSyntaxError where the body is neither a count nor an error. */
export function decodeAnswer(bytes: Buffer): LocatedPart[] {
  const body = parseJson(bytes);
  if (optional(body, 'error') !== undefined) return [{ type: 'error', failure: failureIn(JSON.parse(body.text) as object) }];
  required(body, 'input_tokens');
  const inputTokens = optionalCount(body, 'input_tokens') ?? 0;
  return [{ type: 'start', id: '', model: '' }, { type: 'usage', usage: { ...noUsage, inputTokens } }, { type: 'end' }];
}

/** A count for a client. */
export function encodeAnswer(parts: readonly Part[]): string {
  const { inputTokens } = parts.findLast((part) => part.type === 'usage')?.usage ?? noUsage;
  return JSON.stringify({ input_tokens: inputTokens });
}
