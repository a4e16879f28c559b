import { optional, optionalCount, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { writeJson } from '../../framing/json-write.ts';
import type { Edit } from '../../framing/splice.ts';
import type { EmbedInput, EmbedRequest } from '../../llm/embed.ts';
import type { Warning } from '../../llm/request.ts';
import { askedModel, modelEdits } from '../asked-model.ts';
import type { Carried, PathFacts, RequestFacts, Target, TextSpot } from '../protocol.ts';
import { alike, base64, fields, kept, keptList, text, texts, textSpots, type Shape } from '../text-spots.ts';
import { Warnings } from '../warnings.ts';

/** What the gateway must know of a request. What kinds of vectors it wants matters only where it is translated. Throws JsonFieldError. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = askedModel(body, path);
  const types = optional(body, 'embedding_types')?.items() ?? [];
  const [type] = types.map((each) => each.string());
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true, encoding: type === 'base64' ? 'base64' : 'float' };
}

/** The model is all that changes. */
export const retarget = (body: JsonNode, _: RequestFacts, { model }: Target): Carried<Edit[]> => ({ value: modelEdits(body, model), warnings: [] });

const content: Shape = { item: fields({ type: kept, text, image_url: { ...fields({ url: base64, detail: kept }), value: 'base64' } }) };
const shape: Shape = fields({
  ...alike('model input_type max_tokens output_dimension truncate priority', kept),
  embedding_types: keptList,
  texts,
  images: { item: base64 },
  inputs: { item: fields({ content }) },
});

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, shape);

type Purpose = NonNullable<EmbedRequest['purpose']>;

/** What vectors are for, in Cohere's words (https://docs.cohere.com/docs/embeddings#the-input_type-parameter). */
const purposes = new Map<string, Purpose>([
  ['search_query', 'query'],
  ['search_document', 'document'],
  ['classification', 'classification'],
  ['clustering', 'clustering'],
]);
/** Cohere's words for what vectors are for. */
export const inputTypes: Readonly<Record<Purpose, string>> = {
  query: 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
  similarity: 'clustering',
};

const truncations = ['none', 'start', 'end'] as const;

/** A request in canonical form. Throws JsonFieldError, also for images and for other vectors than floats, which no other protocol has. */
export function decodeRequest(body: JsonNode): Carried<EmbedRequest> {
  const warnings = new Warnings();
  const value: EmbedRequest = { inputs: decodeInputs(body, warnings), encoding: decodeEncoding(body) };
  const purpose = purposes.get(optionalString(body, 'input_type') ?? '');
  if (purpose !== undefined) value.purpose = purpose;
  else if (optional(body, 'input_type') !== undefined)
    warnings.add(required(body, 'input_type'), `is not carried: it is none of ${[...purposes.keys()].join(', ')}`);
  const dimensions = optionalCount(body, 'output_dimension', 1);
  if (dimensions !== undefined) value.dimensions = dimensions;
  const cut = optionalString(body, 'truncate')?.toLowerCase();
  const truncate = truncations.find((each) => each === cut);
  if (truncate !== undefined) value.truncate = truncate;
  else if (cut !== undefined) warnings.add(required(body, 'truncate'), 'is not carried: it is none of NONE, START, END');
  warnings.others(body, ['model', 'texts', 'inputs', 'images', 'input_type', 'embedding_types', 'output_dimension', 'truncate']);
  return { value, warnings: warnings.list };
}

function decodeEncoding(body: JsonNode): EmbedRequest['encoding'] {
  const types = optional(body, 'embedding_types')?.items() ?? [];
  const [type = 'float', ...others] = types.map((each) => each.string());
  if ((type === 'float' || type === 'base64') && others.length === 0) return type;
  throw new JsonFieldError('embedding_types', 'must be float or base64 alone for a provider of another protocol');
}

function decodeInputs(body: JsonNode, warnings: Warnings): EmbedInput[] {
  const images = optional(body, 'images')?.items() ?? [];
  if (images.length > 0) throw new JsonFieldError('images', 'cannot be embedded by a provider of another protocol');
  const inputs = [
    ...(optional(body, 'texts')?.items() ?? []).map((node) => node.string()),
    ...(optional(body, 'inputs')?.items() ?? []).map((input) => decodeContent(input, warnings)),
  ];
  if (inputs.length === 0) throw new JsonFieldError('texts', 'is required');
  return inputs.map((each) => ({ type: 'text', text: each }));
}

/** The texts of an input, which may be in pieces. */
function decodeContent(input: JsonNode, warnings: Warnings): string {
  warnings.others(input, ['content']);
  const pieces = required(input, 'content')
    .items()
    .map((piece) => {
      if (requiredString(piece, 'type') !== 'text')
        throw new JsonFieldError(piece.path, 'is no text, and cannot be embedded by a provider of another protocol');
      warnings.others(piece, ['type', 'text']);
      return requiredString(piece, 'text');
    });
  return pieces.join('\n');
}

/** A request as Cohere takes it, with what it cannot carry. Without a purpose the texts are documents: its models want one. Throws JsonFieldError for tokens. */
export function encodeRequest(request: EmbedRequest, { model }: Target): Carried<string> {
  const { inputs, dimensions, encoding, user, purpose = 'document', title, truncate } = request;
  const warnings: Warning[] = [];
  if (purpose === 'similarity') warnings.push({ field: 'input_type', detail: 'has no word for similarity; the vectors are made for clustering' });
  if (title !== undefined) warnings.push({ field: 'title', detail: 'Cohere takes texts without titles' });
  if (user !== undefined) warnings.push({ field: 'user', detail: 'Cohere has no such field' });
  const body = {
    model,
    texts: inputs.map((input, index) => textOf(input, `input[${index}]`)),
    input_type: inputTypes[purpose],
    embedding_types: [encoding],
    output_dimension: dimensions,
    truncate: truncate?.toUpperCase(),
  };
  return { value: writeJson(body), warnings };
}

function textOf(input: EmbedInput, field: string): string {
  if (input.type === 'text') return input.text;
  throw new JsonFieldError(field, 'must be text: Cohere embeds no tokens');
}
