import type { CacheControlEphemeral, ContentBlockParam, ToolUnion } from '@anthropic-ai/sdk/resources/messages/messages';
import type { AnthropicRequest } from './shape.ts';
import { blocksOf } from './turns.ts';

type Part = ToolUnion | ContentBlockParam;

/** Tools, system prompt and messages, in the order in which they are cached. */
function partsOf({ tools = [], system = [], messages }: AnthropicRequest): readonly Part[] {
  const instructions = typeof system === 'string' ? [{ type: 'text' as const, text: system }] : system;
  return [...tools, ...instructions, ...messages.flatMap((message) => blocksOf(message))];
}

const markOf = (part: object): CacheControlEphemeral | undefined =>
  'cache_control' in part && part.cache_control ? (part.cache_control as CacheControlEphemeral) : undefined;

/** The cache marks of a request, in order; the one at the top stands last. */
export const marksOf = (request: AnthropicRequest): CacheControlEphemeral[] => [...partsOf(request), request].flatMap((part) => markOf(part) ?? []);

/** The beginnings of a prompt up to each part that is marked; the mark at the top stands for the last part of all. */
export function cachePrefixes(request: AnthropicRequest): string[] {
  const parts = partsOf(request);
  const isMarked = (part: Part, index: number): boolean => markOf(part) !== undefined || Boolean(request.cache_control && index === parts.length - 1);
  return parts.flatMap((part, index) => (isMarked(part, index) ? [JSON.stringify(parts.slice(0, index + 1))] : []));
}
