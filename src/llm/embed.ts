/** A request for embeddings, in our words. */
export interface EmbedRequest {
  inputs: EmbedInput[];
  /** Length of each vector. */
  dimensions?: number;
  /** What the vectors are for; Cohere and Gemini make different ones for each. */
  purpose?: 'query' | 'document' | 'classification' | 'clustering' | 'similarity';
  /** How the client wants each vector written. */
  encoding: 'float' | 'base64';
  /** Title of the documents, where the API has one. */
  title?: string;
  /** What to do with an input that is too long. */
  truncate?: 'none' | 'start' | 'end';
  /** An opaque id of the end user, for the provider's abuse detection. */
  user?: string;
}

/** A text, or the tokens of one. */
export type EmbedInput = { type: 'text'; text: string } | { type: 'tokens'; tokens: number[] };

/** A request to order documents by how well they answer a query, in our words. */
export interface RerankRequest {
  query: string;
  documents: string[];
  /** How many of the best are wanted; all where it is absent. */
  top?: number;
  /** Whether the answer shall repeat the documents. */
  returnDocuments: boolean;
  /** Longest part of each document that is looked at, in tokens. */
  maxTokensPerDocument?: number;
}
