import type { EmbeddingCreateParams } from 'openai/resources/embeddings';

/** A request with every field that OpenAI's SDK knows. A new field of the SDK fails compilation here. */
export const everyField = {
  model: 'fast',
  input: ['Mail of Bob', 'Mail of Ann'],
  dimensions: 256,
  encoding_format: 'base64',
  user: 'bob@b.de',
} satisfies Required<EmbeddingCreateParams>;
