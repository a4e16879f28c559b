import { createHash } from 'node:crypto';
import { tokensOfBytes } from '../answerer.ts';
import { knowsModel } from '../behaviour.ts';
import { toEmbedding } from '../gemini/embedding.ts';
import { byType, integer, list, nullable, oneOf, record, tagged, text } from '../shape.ts';
import type { Shape } from '../shape.ts';
import type { PlainAnswer, PlainEndpoint, Refusal } from '../vendor.ts';
import { cohereFault, cohereProblem, cohereRefusal } from './error.ts';
import { cohereGate, cohereMeta } from './gate.ts';

/** Embedding models; those before v4 take neither dimensions nor pictures among texts. */
export const cohereEmbedModels = ['embed-v4.0', 'embed-english-v3.0', 'embed-multilingual-v3.0'] as const;

const types = ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'] as const;
type EmbeddingType = (typeof types)[number];

interface EmbedRequest {
  model: string;
  input_type: string;
  texts?: string[] | null;
  images?: string[] | null;
  inputs?: { content: ({ type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } })[] }[] | null;
  output_dimension?: number | null;
  embedding_types?: EmbeddingType[] | null;
}

const optional = (shape: Shape): Shape => byType({ null: () => undefined, array: shape });

const part = tagged('type', {
  text: record({ type: oneOf('text'), text: text() }),
  image_url: record({ type: oneOf('image_url'), image_url: record({ url: text() }, { detail: text() }) }),
});

const shape = record(
  { model: text({ min: 1 }), input_type: oneOf('search_document', 'search_query', 'classification', 'clustering', 'image') },
  {
    texts: optional(list(text(), { max: 96 })),
    images: optional(list(text())),
    inputs: optional(list(record({ content: list(part, { min: 1 }) }), { max: 96 })),
    max_tokens: nullable(integer({ min: 1 })),
    output_dimension: nullable(integer()),
    embedding_types: optional(list(oneOf(...types))),
    truncate: nullable(oneOf('NONE', 'START', 'END')),
    priority: nullable(integer({ min: 0, max: 999 })),
  },
);

/** `POST /v2/embed` (https://docs.cohere.com/reference/embed). */
export const cohereEmbed: PlainEndpoint = {
  name: 'embed',
  gate: cohereGate,
  match: (method, path) => (method === 'POST' && path === '/v2/embed' ? {} : undefined),
  answer({ json }, models) {
    const problem = shape(json, []);
    if (problem) return { refusal: cohereProblem(problem) };
    // The shape has just been checked.
    const request = json as EmbedRequest;
    const refusal = refuse(request, models);
    return refusal ? { refusal } : embed(request);
  },
};

const isV4 = (model: string): boolean => /^embed-v[4-9]/.test(model);

function refuse(request: EmbedRequest, models: ReadonlySet<string>): Refusal | undefined {
  const { model, input_type: inputType, texts, images, inputs, output_dimension: dimension } = request;
  if (!knowsModel(models, model)) return { ...cohereRefusal(404), message: `model '${model}' not found, make sure the correct model ID was used.` };
  const given = [texts, images, inputs].filter((each) => (each?.length ?? 0) > 0).length;
  if (given !== 1) return cohereFault('exactly one of texts, images and inputs must be given, and not be empty.');
  if (images && inputType !== 'image' && !isV4(model)) return cohereFault("images need the input_type 'image'.");
  if (texts && inputType === 'image') return cohereFault("texts cannot have the input_type 'image'.");
  if (images && images.length > 1 && !isV4(model)) return cohereFault('this model takes one image per call.');
  if (inputs && !isV4(model)) return cohereFault('this model does not take inputs.');
  if (pictures(request).some((url) => !/^data:image\/(jpeg|png|webp|gif);base64,[A-Za-z0-9+/]/.test(url)))
    return cohereFault('an image must be a data URI.');
  if (typeof dimension !== 'number') return undefined;
  if (!isV4(model)) return cohereFault('this model does not support output_dimension.');
  return [256, 512, 1024, 1536].includes(dimension) ? undefined : cohereFault('output_dimension must be 256, 512, 1024 or 1536.');
}

const pictures = ({ images, inputs }: EmbedRequest): string[] => [
  ...(images ?? []),
  ...(inputs ?? []).flatMap(({ content }) => content.flatMap((each) => (each.type === 'image_url' ? [each.image_url.url] : []))),
];

function embed(request: EmbedRequest): PlainAnswer {
  const { model, texts, images, inputs, output_dimension: dimension, embedding_types: wanted } = request;
  const joined = (inputs ?? []).map(({ content }) => content.map((each) => (each.type === 'text' ? each.text : each.image_url.url)).join(' '));
  const vectors = [...(texts ?? images ?? joined)].map((input) => toEmbedding(input, dimension ?? (isV4(model) ? 1536 : 1024)).map(Math.fround));
  const asked: readonly EmbeddingType[] = wanted && wanted.length > 0 ? wanted : ['float'];
  const inputTokens = [...(texts ?? []), ...joined].reduce((sum, input) => sum + tokensOfBytes(Buffer.byteLength(input)), 0);
  return {
    json: {
      id: createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 32),
      response_type: 'embeddings_by_type',
      embeddings: Object.fromEntries(asked.map((type) => [type, vectors.map((vector) => encoders[type](vector))])),
      texts: texts ?? [],
      ...(images && { images: images.map(() => ({ width: 1, height: 1, format: 'png', bit_depth: 24 })) }),
      meta: cohereMeta('2', images ? { images: images.length } : { input_tokens: inputTokens }),
    },
  };
}

const signs = (vector: readonly number[]): number[] =>
  Array.from({ length: vector.length / 8 }, (_, byte) =>
    vector.slice(byte * 8, byte * 8 + 8).reduce((bits, value) => bits * 2 + (value > 0 ? 1 : 0), 0),
  );

/** A vector in each form: whole numbers of 8 bits, bits packed into bytes, and the bytes of 32-bit floats. */
const encoders: Record<EmbeddingType, (vector: readonly number[]) => unknown> = {
  float: (vector) => vector,
  int8: (vector) => vector.map((value) => Math.round(value * 127)),
  uint8: (vector) => vector.map((value) => Math.round(value * 127) + 128),
  binary: (vector) => signs(vector).map((byte) => byte - 128),
  ubinary: signs,
  base64: (vector) => Buffer.from(Float32Array.from(vector).buffer).toString('base64'),
};
