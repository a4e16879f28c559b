import { optional, optionalBoolean, optionalCount } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import { askedModel } from '../asked-model.ts';
import { retarget as retargetChat } from '../openai-chat/request-retarget.ts';
import type { Carried, PathFacts, RequestFacts, Target } from '../protocol.ts';

/** What the gateway must know of a request. Each prompt is answered `n` times, and `best_of` are written, and paid, for that. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = askedModel(body, path);
  const perPrompt = Math.max(optionalCount(body, 'n', 1) ?? 1, optionalCount(body, 'best_of', 1) ?? 1);
  const choices = perPrompt * promptCount(body);
  const maxTokens = optionalCount(body, 'max_tokens');
  const streamOptions = optional(body, 'stream_options');
  return {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    maxTokens: maxTokens === undefined ? undefined : maxTokens * choices,
    choices,
    wantsUsage: streamOptions !== undefined && optionalBoolean(streamOptions, 'include_usage') === true,
  };
}

/** A list of numbers is one prompt, in tokens; any other list has a prompt in each item. */
function promptCount(body: JsonNode): number {
  const prompt = optional(body, 'prompt');
  if (prompt?.type !== 'array') return 1;
  const items = prompt.items();
  return items[0]?.type === 'number' ? 1 : Math.max(1, items.length);
}

/** As for chat; but the output limit has one name here, whatever the server has for chat. */
export function retarget(body: JsonNode, known: RequestFacts, { model, quirks }: Target): Carried<Edit[]> {
  const { maxTokensField: _, ...others } = quirks;
  return retargetChat(body, known, { model, quirks: others });
}
