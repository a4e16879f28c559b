import type { CacheMarker, OpaqueState } from './state.ts';

/** A chat request in our words: what one protocol decodes to and another encodes from. Absent optional fields mean that the client did not say. */
export interface ChatRequest {
  stream: boolean;
  messages: Message[];
  tools: Tool[];
  toolChoice?: ToolChoice;
  /** False: at most one tool call per answer. */
  parallelToolCalls?: boolean;
  /** Most output tokens, reasoning included. */
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  /** True: at a model that takes temperature or topP alone, it is topP. */
  prefersTopP?: boolean;
  topK?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  seed?: number;
  stop: string[];
  /** An opaque id of the end user, for the provider's abuse detection. */
  user?: string;
  /** How many alternative answers are wanted; 1 where it is absent. */
  choices?: number;
  responseFormat?: ResponseFormat;
  reasoning?: Reasoning;
  /** Log probabilities of the output tokens, with so many alternatives for each. */
  logprobs?: { top: number };
  /** The client's own labels of the request, for the provider's dashboards. */
  metadata?: Readonly<Record<string, string>>;
  /** The provider's own word, such as `flex` or `priority`. */
  serviceTier?: string;
  /** Text that the answer will mostly repeat. */
  prediction?: string;
  /** How long answers should be. */
  verbosity?: 'low' | 'medium' | 'high';
  /** Requests with the same key are likely to share a beginning. */
  promptCacheKey?: string;
}

/** What form the answer's text must have. */
export type ResponseFormat =
  | { type: 'json-object' }
  | { type: 'json-schema'; name?: string; description?: string; schema: ObjectText; strict?: boolean };

/** From no thinking at all to the most there is; each protocol has its own subset. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** How much the model shall think before it answers, and whether the client wants to see it. */
export interface Reasoning {
  effort?: ReasoningEffort;
  /** Most tokens of thinking. */
  budgetTokens?: number;
  /** Whether the answer shall hold the thinking, or a summary of it. */
  show?: boolean;
}

/**
 * The text of a JSON object as its sender wrote it: 64-bit integers and key order survive, because nothing parses and prints it again.
 * Who makes one has checked that it is an object; who gets one need not.
 */
export type ObjectText = string & { readonly __object: true };

export type Message =
  | { role: 'system'; content: TextContent[] }
  | { role: 'user'; content: UserContent[] }
  | { role: 'assistant'; content: AssistantContent[] }
  | { role: 'tool'; toolCallId: string; content: UserContent[]; isError: boolean; cache?: CacheMarker };

export interface TextContent {
  type: 'text';
  text: string;
  cache?: CacheMarker;
}

/** Bytes in base64, with their media type (`image/png`). */
export interface InlineData {
  kind: 'base64';
  mediaType: string;
  data: string;
}

export interface ImageContent {
  type: 'image';
  source: { kind: 'url'; url: string } | InlineData;
  /** OpenAI's word for how closely the model shall look: `low`, `high`, `auto`. */
  detail?: string;
  cache?: CacheMarker;
}

/** A file to read, nearly always a PDF. */
export interface DocumentContent {
  type: 'document';
  source: { kind: 'url'; url: string } | InlineData | { kind: 'text'; text: string };
  name?: string;
  cache?: CacheMarker;
}

export interface AudioContent {
  type: 'audio';
  source: InlineData;
}

/** What the model thought in an earlier turn. */
export interface ReasoningContent {
  type: 'reasoning';
  /** Empty where it is hidden or redacted. */
  text: string;
  /** What the provider needs to take it back. */
  state?: OpaqueState;
}

export interface ToolCallContent {
  type: 'tool-call';
  id: string;
  name: string;
  arguments: ObjectText;
  /** What some providers sign a call with (Gemini's thought signature). */
  state?: OpaqueState;
  cache?: CacheMarker;
}

export type UserContent = TextContent | ImageContent | DocumentContent | AudioContent;
export type AssistantContent = TextContent | ReasoningContent | ToolCallContent;

export interface Tool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters: ObjectText;
  strict?: boolean;
  cache?: CacheMarker;
}

export type ToolChoice = { type: 'auto' } | { type: 'none' } | { type: 'required' } | { type: 'tool'; name: string };

/** Something of the client's request that the provider does not get as it was sent. */
export interface Warning {
  /**
   * Where it stands. What the canonical form cannot hold is named by its path in the client's body (`messages[2].content[0]`);
   * what the provider's protocol cannot carry, by its place in the canonical form, in the words that most APIs use (`top_k`, `messages[1]`).
   */
  field: string;
  detail: string;
}
