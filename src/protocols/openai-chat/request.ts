import { optional, optionalBoolean, optionalCount, required } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import { addField, replaceValue, type Edit } from '../../framing/splice.ts';
import type { RequestFacts, Target } from '../protocol.ts';
import { checkMessages, requestedModel } from '../request-facts.ts';

/** What the gateway must know of a request. Every field read here may stand only once: a provider might take the other one. */
export function facts(body: JsonNode): RequestFacts {
  const model = requestedModel(body);
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

/** The model's name, and for a stream the usage chunk: without it nobody knows what the answer cost. */
export function retarget(body: JsonNode, { model, stream, wantsUsage }: RequestFacts, target: Target): Edit[] {
  const edits: Edit[] = [];
  if (model !== target.model) edits.push(replaceValue(required(body, 'model'), JSON.stringify(target.model)));
  if (stream && !wantsUsage) edits.push(askForUsage(body));
  return edits;
}

function askForUsage(body: JsonNode): Edit {
  const options = body.get('stream_options');
  if (options === undefined) return addField(body, 'stream_options', '{"include_usage":true}');
  if (options.type === 'null') return replaceValue(options, '{"include_usage":true}');
  const include = options.get('include_usage');
  return include === undefined ? addField(options, 'include_usage', 'true') : replaceValue(include, 'true');
}
