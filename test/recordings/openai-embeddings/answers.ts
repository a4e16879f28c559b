import type { CreateEmbeddingResponse } from 'openai/resources/embeddings';

const envelope = { object: 'list', model: 'text-embedding-3-small', usage: { prompt_tokens: 8, total_tokens: 8 } } as const;

/** An answer whose vectors are in base64, which the SDK's types keep to themselves. */
type InBase64 = Omit<CreateEmbeddingResponse, 'data'> & { data: { object: 'embedding'; index: number; embedding: string }[] };

/** JSON answers in the shapes that OpenAI's own server sends. */
export const answers = {
  floats: {
    ...envelope,
    data: [
      { object: 'embedding', index: 0, embedding: [0.0023064255, -0.009327292, 1] },
      { object: 'embedding', index: 1, embedding: [-0.0028842222, 1e-7, 0] },
    ],
  },
  base64: { ...envelope, data: [{ object: 'embedding', index: 0, embedding: 'AACAPwAAAMAAAAA/' }] },
} satisfies Record<string, CreateEmbeddingResponse | InBase64>;
