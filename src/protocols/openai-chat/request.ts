import { optional, optionalBoolean, optionalCount } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import { askedModel } from '../asked-model.ts';
import type { PathFacts, RequestFacts } from '../protocol.ts';
import { checkMessages } from '../request-facts.ts';

/** What the gateway must know of a request. Every field read here may stand only once: a provider might take the other one. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = askedModel(body, path);
  checkMessages(body);
  const choices = optionalCount(body, 'n', 1) ?? 1;
  const maxTokens = requestedMaxTokens(body);
  const streamOptions = optional(body, 'stream_options');
  return {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    maxTokens: maxTokens === undefined ? undefined : maxTokens * choices,
    choices,
    wantsUsage: streamOptions !== undefined && optionalBoolean(streamOptions, 'include_usage') === true,
  };
}

/** Most output tokens of one choice. `max_tokens` is the older name, and the only one that many compatible servers know: where both stand, the larger one may be the one obeyed. */
export function requestedMaxTokens(body: JsonNode): number | undefined {
  const older = optionalCount(body, 'max_tokens', 1);
  const newer = optionalCount(body, 'max_completion_tokens', 1);
  return older === undefined || newer === undefined ? (newer ?? older) : Math.max(older, newer);
}
