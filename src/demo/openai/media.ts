import type { Moderation } from 'openai/resources/moderations';
import { tokensOfBytes } from '../answerer.ts';
import { knowsModel } from '../behaviour.ts';
import { byType, integer, list, nullable, oneOf, openObject, record, text } from '../shape.ts';
import type { AddressedCall, PlainAnswer, PlainEndpoint } from '../vendor.ts';
import { openAIFault, openAIProblem } from './error.ts';
import { unknownModel } from './models.ts';
import { fieldOf, readForm } from './multipart.ts';

/** A picture of one transparent pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

const imageShape = record(
  { prompt: text({ min: 1 }) },
  {
    background: nullable(oneOf('transparent', 'opaque', 'auto')),
    model: nullable(text()),
    moderation: nullable(oneOf('low', 'auto')),
    n: nullable(integer({ min: 1, max: 10 })),
    output_compression: nullable(integer({ min: 0, max: 100 })),
    output_format: nullable(oneOf('png', 'jpeg', 'webp', 'gif', 'svg')),
    quality: nullable(oneOf('low', 'medium', 'high', 'xhigh', 'max', 'auto', 'standard', 'hd')),
    response_format: nullable(oneOf('url', 'b64_json')),
    size: nullable(text()),
    style: nullable(oneOf('vivid', 'natural')),
    user: text(),
  },
);

const moderationShape = record({ input: byType({ string: text(), array: list(byType({ string: text(), object: openObject })) }) }, { model: text() });

/** Images, transcriptions and moderations: the right shape, with nothing behind it. */
export const mediaEndpoints = (nowSeconds: () => number): PlainEndpoint[] => [
  {
    name: 'images',
    match: (method, path) => (method === 'POST' && path === '/v1/images/generations' ? {} : undefined),
    answer({ json }, models) {
      const problem = imageShape(json, []);
      if (problem) return { refusal: openAIProblem(problem) };
      // The shape has just been checked.
      const { model, n, prompt, response_format } = json as { model?: string | null; n?: number | null; prompt: string; response_format?: string };
      if (model && !knowsModel(models, model)) return { refusal: unknownModel(model) };
      const image = response_format === 'url' ? { url: 'https://images.example/demo.png' } : { b64_json: pixel };
      const input_tokens = tokensOfBytes(Buffer.byteLength(prompt));
      const usage = {
        input_tokens,
        input_tokens_details: { text_tokens: input_tokens, image_tokens: 0 },
        output_tokens: 1,
        total_tokens: input_tokens + 1,
      };
      return { json: { created: nowSeconds(), data: Array.from({ length: n ?? 1 }, () => image), usage } };
    },
  },
  {
    name: 'transcriptions',
    takes: 'bytes',
    match: (method, path) => (method === 'POST' && path === '/v1/audio/transcriptions' ? {} : undefined),
    answer: transcribe,
  },
  {
    name: 'moderations',
    match: (method, path) => (method === 'POST' && path === '/v1/moderations' ? {} : undefined),
    answer({ json }, models) {
      const problem = moderationShape(json, []);
      if (problem) return { refusal: openAIProblem(problem) };
      // The shape has just been checked.
      const { input, model = 'omni-moderation-latest' } = json as { input: string | unknown[]; model?: string };
      if (!knowsModel(models, model)) return { refusal: unknownModel(model) };
      const results = (typeof input === 'string' ? [input] : input).map(harmless);
      return { json: { id: 'modr-demo', model, results } };
    },
  },
];

const formats = ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json'];

function transcribe({ headers, body }: AddressedCall, models: ReadonlySet<string>): PlainAnswer {
  const form = readForm(headers['content-type'], body);
  if (!form) return { refusal: openAIFault(undefined, undefined, 'The body is no multipart/form-data.') };
  const file = form.find(({ name }) => name === 'file');
  const model = fieldOf(form, 'model');
  const format = fieldOf(form, 'response_format') ?? 'json';
  if (file?.filename === undefined) return { refusal: openAIFault('file', 'missing_required_parameter', "'file' is required, and must be a file.") };
  if (model === undefined) return { refusal: openAIFault('model', 'missing_required_parameter', "'model' is required.") };
  if (!knowsModel(models, model)) return { refusal: unknownModel(model) };
  if (!formats.includes(format))
    return { refusal: openAIFault('response_format', 'invalid_value', `'response_format' may be ${formats.join(', ')}.`) };
  const said = `The demo heard ${file.bytes.length} bytes of ${file.filename}.`;
  if (format === 'text') return { bytes: Buffer.from(`${said}\n`), headers: { 'content-type': 'text/plain; charset=utf-8' } };
  return { json: { text: said, usage: { type: 'duration', seconds: 1 } } };
}

const categories = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
] as const satisfies readonly (keyof Moderation.Categories)[];

const each = <Value>(value: Value): Record<(typeof categories)[number], Value> =>
  Object.fromEntries(categories.map((category) => [category, value])) as Record<(typeof categories)[number], Value>;

const harmless = (): Moderation => ({
  flagged: false,
  categories: each(false),
  category_scores: each(0),
  category_applied_input_types: each(['text' as const]),
});
