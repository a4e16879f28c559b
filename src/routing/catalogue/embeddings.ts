/**
 * Lengths of the vectors that embedding models make, for those that make only certain ones: OpenAI's third generation and Gemini's make any up to their own.
 * No package has these; they are the vendors': https://platform.openai.com/docs/guides/embeddings, https://docs.cohere.com/docs/cohere-embed,
 * https://docs.mistral.ai/capabilities/embeddings, https://docs.aws.amazon.com/bedrock/latest/userguide/titan-embedding-models.html
 */
const dimensions: readonly (readonly [model: RegExp, lengths: readonly number[]])[] = [
  [/(?:^|\/)text-embedding-ada-002/, [1536]],
  [/(?:^|[/.])embed-v4/, [256, 512, 1024, 1536]],
  [/(?:^|[/.])embed-(?:english|multilingual)-light-v3/, [384]],
  [/(?:^|[/.])embed-(?:english|multilingual)-v3/, [1024]],
  [/(?:^|\/)mistral-embed/, [1024]],
  [/titan-embed-text-v2/, [256, 512, 1024]],
  [/titan-embed-(?:text-v1|g1-text)/, [1536]],
];

/** Lengths of the vectors that a model makes; undefined where that is not known, or any will do. */
export const dimensionsOf = (model: string): readonly number[] | undefined => dimensions.find(([name]) => name.test(model))?.[1];
