/** Whose state it is: the makers of models, for one maker's state holds at every provider that serves its models. */
export type StateOrigin = 'anthropic' | 'openai' | 'google';

/**
 * What only its maker can read, and wants back unchanged: the signature of thinking, thinking that is encrypted, the signature of a tool call.
 * A provider of another origin gets it never; the client's echo brings it back to its maker.
 */
export interface OpaqueState {
  origin: StateOrigin;
  /** `signature` goes with the text beside it; `encrypted` stands for text that nobody else sees. */
  kind: 'signature' | 'encrypted';
  value: string;
  /** The maker's id of what this is the state of, such as OpenAI's `rs_…`. */
  id?: string;
}

/** Everything up to here is worth keeping in the provider's prompt cache, for so long. */
export interface CacheMarker {
  ttl?: '5m' | '1h';
}
