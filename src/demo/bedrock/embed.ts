import { bedrockFault } from './error.ts';
import { cohereEmbedModels, idOf, titanEmbedModels } from './models.ts';
import { countHeader, invoked, refuseCall } from './plain.ts';
import { cohereEmbedV3Shape, cohereEmbedV4Shape, titanEmbedShape } from './shape.ts';
import { tokensOfBytes } from '../answerer.ts';
import { toEmbedding } from '../gemini/embedding.ts';
import type { PlainEndpoint, Refusal } from '../vendor.ts';

interface TitanBody {
  inputText: string;
  dimensions?: number;
  normalize?: boolean;
  embeddingTypes?: readonly ('float' | 'binary')[];
}

/** Titan Text Embeddings V2 (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html). */
export const titanEmbed: PlainEndpoint = {
  name: 'Titan embeddings',
  match: invoked(titanEmbedModels),
  answer(call, models) {
    const refused = refuseCall(titanEmbedShape, call, models);
    if (refused) return { refusal: refused };
    // The shape has just been checked.
    const body = call.json as TitanBody;
    const { inputText, dimensions = 1024, embeddingTypes = ['float'] } = body;
    const refusal = checkSize('dimensions', dimensions, [256, 512, 1024]);
    if (refusal) return { refusal };
    const float = toEmbedding(inputText, dimensions);
    const all = { float, binary: float.map((value) => (value > 0 ? 1 : 0)) };
    const embeddingsByType = Object.fromEntries(embeddingTypes.map((type) => [type, all[type]]));
    const inputTextTokenCount = tokensOfBytes(Buffer.byteLength(inputText));
    const json = { ...(embeddingTypes.includes('float') && { embedding: float }), embeddingsByType, inputTextTokenCount };
    return { json, headers: countHeader(inputTextTokenCount) };
  },
};

interface CohereBody {
  texts?: readonly string[];
  images?: readonly string[];
  inputs?: readonly { content: readonly { text?: string; image_url?: unknown }[] }[];
  embedding_types?: readonly (keyof typeof packings)[];
  output_dimension?: number;
}

/** Cohere Embed v3 and v4 (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html). */
export const cohereEmbed: PlainEndpoint = {
  name: 'Cohere embeddings',
  match: invoked(cohereEmbedModels),
  answer(call, models) {
    const isV4 = idOf(call.address.model ?? '').includes('cohere.embed-v4');
    const refused = refuseCall(isV4 ? cohereEmbedV4Shape : cohereEmbedV3Shape, call, models);
    if (refused) return { refusal: refused };
    // The shape has just been checked.
    const body = call.json as CohereBody;
    const { embedding_types: types, output_dimension: dimensions = isV4 ? 1536 : 1024, texts } = body;
    const refusal = checkOneInput(body) ?? checkSize('output_dimension', dimensions, [256, 512, 1024, 1536]);
    if (refusal) return { refusal };
    const inputs = inputsOf(body);
    const vectors = inputs.map((input) => toEmbedding(input, dimensions));
    const embeddings = types ? Object.fromEntries(types.map((type) => [type, vectors.map(packings[type])])) : vectors;
    const json = { id: 'demo', response_type: types ? 'embeddings_by_type' : 'embeddings_floats', embeddings, ...(texts && { texts }) };
    return { json, headers: countHeader(inputs.reduce((sum, input) => sum + tokensOfBytes(Buffer.byteLength(input)), 0)) };
  },
};

/** How Cohere writes a vector, by embedding type. */
const packings = {
  float: (vector: readonly number[]): readonly number[] => vector,
  int8: (vector: readonly number[]): number[] => vector.map((value) => Math.round(value * 127)),
  uint8: (vector: readonly number[]): number[] => vector.map((value) => Math.round(value * 127) + 128),
  binary: (vector: readonly number[]): number[] => toBits(vector).map((byte) => byte - 128),
  ubinary: (vector: readonly number[]): number[] => toBits(vector),
};

/** Eight numbers to a byte, a bit for each that is above 0. */
function toBits(vector: readonly number[]): number[] {
  const bytes = new Uint8Array(vector.length / 8);
  for (const [at, value] of vector.entries()) bytes[at >> 3] = ((bytes[at >> 3] ?? 0) << 1) | (value > 0 ? 1 : 0);
  return [...bytes];
}

const checkSize = (field: string, size: number, sizes: readonly number[]): Refusal | undefined =>
  sizes.includes(size) ? undefined : bedrockFault(field, `${size} is none of ${sizes.join(', ')}`);

function checkOneInput({ texts, images, inputs }: CohereBody): Refusal | undefined {
  const given = [texts, images, inputs].filter((input) => input !== undefined);
  return given.length === 1 ? undefined : bedrockFault('texts', 'exactly one of texts, images and inputs must be given');
}

const inputsOf = ({ texts, images, inputs = [] }: CohereBody): readonly string[] =>
  texts ?? images ?? inputs.map(({ content }) => content.map(({ text, image_url }) => text ?? JSON.stringify(image_url)).join('\n'));
