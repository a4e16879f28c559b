/** What a model can take and do. An absent field is not known, and nothing is refused by it. */
export interface Capabilities {
  /** Most tokens of input and output together. */
  contextTokens: number;
  /** Most tokens of output. */
  outputTokens: number;
  images: boolean;
  documents: boolean;
  audio: boolean;
  tools: boolean;
  /** Whether the model can be held to a JSON schema, by any means that we know. */
  jsonSchema: boolean;
  reasoning: boolean;
  /** Lengths of vectors that an embedding model can make; one number where it has only one. */
  dimensions: readonly number[];
}
