import { createHash } from 'node:crypto';
import type { EmbeddingCreateParams } from 'openai/resources/embeddings';
import { tokensOfBytes } from '../answerer.ts';
import { knowsModel } from '../behaviour.ts';
import { byType, integer, list, oneOf, record, text } from '../shape.ts';
import type { Path, Problem } from '../shape.ts';
import type { PlainAnswer, PlainEndpoint } from '../vendor.ts';
import { openAIFault, openAIProblem } from './error.ts';
import { embeddingSizes, servesOther, unknownModel } from './models.ts';

const words = text({ min: 1 });
const token = integer({ min: 0 });

/** Texts, or texts as tokens; never both in one list. */
function inputs(value: unknown, path: Path): Problem | undefined {
  if (!Array.isArray(value)) return words(value, path);
  const first: unknown = value[0];
  const item = typeof first === 'string' ? words : Array.isArray(first) ? list(token, { min: 1 }) : token;
  return list(item, { min: 1, max: 2048 })(value, path);
}

const shape = record(
  { model: text(), input: byType({ string: inputs, array: inputs }) },
  { dimensions: integer({ min: 1 }), encoding_format: oneOf('float', 'base64'), user: text() },
);

/** Embeddings as https://platform.openai.com/docs/api-reference/embeddings has them: same text, same vector, of length one. */
export const embeddingsEndpoint: PlainEndpoint = {
  name: 'embeddings',
  match: (method, path) => (method === 'POST' && path === '/v1/embeddings' ? {} : undefined),
  answer: ({ json }, models) => answer(json, models),
};

function answer(json: unknown, models: ReadonlySet<string>): PlainAnswer {
  const problem = shape(json, []);
  if (problem) return { refusal: openAIProblem(problem) };
  // The shape has just been checked.
  const { model, input, dimensions, encoding_format } = json as EmbeddingCreateParams;
  if (!knowsModel(models, model)) return { refusal: unknownModel(model) };
  if (servesOther(model, Object.keys(embeddingSizes))) return { refusal: openAIFault('model', undefined, `'${model}' gives no embeddings.`) };
  const size = new Map(Object.entries(embeddingSizes)).get(model) ?? 1536;
  if (dimensions !== undefined && model.includes('ada')) return { refusal: openAIFault('dimensions', undefined, 'This model takes no dimensions.') };
  if (dimensions !== undefined && dimensions > size)
    return { refusal: openAIFault('dimensions', 'invalid_value', `'dimensions' is ${dimensions}; this model gives at most ${size}.`) };
  const data = textsOf(input).map((said, index) => {
    const vector = embed(said, dimensions ?? size);
    return { object: 'embedding', index, embedding: encoding_format === 'base64' ? toBase64(vector) : vector };
  });
  const tokens = textsOf(input).reduce((sum, said) => sum + tokensOfBytes(Buffer.byteLength(said)), 0);
  return { json: { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } } };
}

/** The texts to embed; tokens stand for a text of their numbers. */
function textsOf(input: EmbeddingCreateParams['input']): string[] {
  if (typeof input === 'string') return [input];
  const [first] = input;
  if (typeof first === 'number') return [input.join(' ')];
  return input.map((item) => (Array.isArray(item) ? item.join(' ') : String(item)));
}

/** A vector of length one that depends on the text alone; all its numbers are exact in 32 bits. */
function embed(said: string, size: number): number[] {
  const numbers: number[] = [];
  for (let block = 0; numbers.length < size; block++) {
    const digest = createHash('sha256').update(`${block}\n${said}`).digest();
    for (let at = 0; at < digest.length && numbers.length < size; at += 2) numbers.push(digest.readInt16LE(at));
  }
  const length = Math.hypot(...numbers) || 1;
  return numbers.map((number) => Math.fround(number / length));
}

function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, number] of vector.entries()) bytes.writeFloatLE(number, index * 4);
  return bytes.toString('base64');
}
