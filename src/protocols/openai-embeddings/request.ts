import { optional, optionalCount, optionalString, required } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { writeJson } from '../../framing/json-write.ts';
import type { EmbedInput, EmbedRequest } from '../../llm/embed.ts';
import type { Warning } from '../../llm/request.ts';
import { askedModel } from '../asked-model.ts';
import { withQuirks } from '../openai-chat/request-quirks.ts';
import type { Carried, PathFacts, RequestFacts, Target, TextSpot } from '../protocol.ts';
import { alike, fields, kept, text, textOrTokens, textSpots, type Shape } from '../text-spots.ts';
import { Warnings } from '../warnings.ts';

/** What the gateway must know of a request. Throws JsonFieldError. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = askedModel(body, path);
  required(body, 'input');
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true, encoding: encodingOf(body) };
}

function encodingOf(body: JsonNode): 'float' | 'base64' {
  const format = optionalString(body, 'encoding_format') ?? 'float';
  if (format !== 'float' && format !== 'base64') throw new JsonFieldError('encoding_format', 'must be float or base64');
  return format;
}

const shape: Shape = fields({ ...alike('model dimensions encoding_format', kept), input: textOrTokens, user: text });

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, shape);

/** A request in canonical form. Throws JsonFieldError. */
export function decodeRequest(body: JsonNode): Carried<EmbedRequest> {
  const warnings = new Warnings();
  const value: EmbedRequest = { inputs: decodeInputs(required(body, 'input')), encoding: encodingOf(body) };
  const dimensions = optionalCount(body, 'dimensions', 1);
  if (dimensions !== undefined) value.dimensions = dimensions;
  const user = optional(body, 'user')?.string();
  if (user !== undefined) value.user = user;
  warnings.others(body, ['model', 'input', 'dimensions', 'encoding_format', 'user']);
  return { value, warnings: warnings.list };
}

/** One text, several, the tokens of one, or those of several. */
function decodeInputs(input: JsonNode): EmbedInput[] {
  if (input.type !== 'array') return [{ type: 'text', text: input.string() }];
  const items = input.items();
  if (items.length === 0) throw new JsonFieldError(input.path, 'must not be empty');
  if (items[0]?.type === 'number') return [decodeTokens(input)];
  return items.map((item) => (item.type === 'array' ? decodeTokens(item) : { type: 'text', text: item.string() }));
}

const decodeTokens = (tokens: JsonNode): EmbedInput => ({ type: 'tokens', tokens: tokens.items().map((token) => token.number()) });

/** A request as a provider of this protocol takes it, with what it cannot carry. */
export function encodeRequest(request: EmbedRequest, { model, quirks }: Target): Carried<string> {
  const { inputs, dimensions, encoding, user, purpose, title, truncate } = request;
  const warnings: Warning[] = [];
  if (purpose !== undefined) warnings.push({ field: 'input_type', detail: 'OpenAI makes the same vectors for every purpose' });
  if (title !== undefined) warnings.push({ field: 'title', detail: 'OpenAI takes texts without titles' });
  if (truncate === 'start' || truncate === 'end') warnings.push({ field: 'truncate', detail: 'OpenAI refuses a text that is too long' });
  const body = {
    model,
    input: encodeInputs(inputs),
    dimensions,
    encoding_format: encoding === 'float' ? undefined : encoding,
    user,
  };
  // Who refuses to write base64 writes floats, and the client gets base64 of us.
  const refused = quirks.refusedFields?.includes('encoding_format') === true;
  return { value: writeJson(withQuirks(refused ? { ...body, encoding_format: undefined } : body, quirks, warnings)), warnings };
}

/** One text goes as itself. OpenAI takes texts, or tokens, but not both. */
function encodeInputs(inputs: readonly EmbedInput[]) {
  const [first] = inputs;
  if (first?.type === 'text' && inputs.length === 1) return first.text;
  if (new Set(inputs.map(({ type }) => type)).size > 1) throw new JsonFieldError('input', 'must be texts or tokens, but not both, for OpenAI');
  return inputs.map((input) => (input.type === 'text' ? input.text : input.tokens));
}
