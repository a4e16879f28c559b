/** What routing knows of a request besides the model's name. Values are reckoned when they are first asked for, and once. */
export interface RequestFeatures {
  /** Input tokens, by a tokenizer; by size beyond a limit. */
  readonly inputTokens: number;
  /** Most output tokens that the client asks for; undefined where it does not say. */
  readonly maxTokens: number | undefined;
  readonly stream: boolean;
  readonly hasImages: boolean;
  readonly hasDocuments: boolean;
  readonly hasAudio: boolean;
  readonly hasTools: boolean;
  readonly hasJsonSchema: boolean;
  readonly hasReasoning: boolean;
  /** Length of vectors that an embedding request asks for; undefined where it does not say. */
  readonly dimensions: number | undefined;
  /** Messages of the conversation so far. */
  readonly messages: number;
  /** What the user said last, at most `maxTaskChars` of it; personal data is placeholders where the tenant has it redacted. */
  readonly task: string;
  /** ISO 639-1 code of the language of `task`; `und` where it cannot be told. */
  readonly language: string;
  /** The client's own labels of the request. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The client's id of its end user; undefined where it gives none. */
  readonly user: string | undefined;
  /** The same for all requests of one conversation: the client's own id of it, else made of its first messages. */
  readonly conversation: string;
}
