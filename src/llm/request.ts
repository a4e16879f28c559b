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
  topK?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  seed?: number;
  stop: string[];
  /** An opaque id of the end user, for the provider's abuse detection. */
  user?: string;
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
  | { role: 'tool'; toolCallId: string; content: UserContent[]; isError: boolean };

export interface TextContent {
  type: 'text';
  text: string;
}

export interface ImageContent {
  type: 'image';
  source: { kind: 'url'; url: string } | { kind: 'base64'; mediaType: string; data: string };
}

export interface ToolCallContent {
  type: 'tool-call';
  id: string;
  name: string;
  arguments: ObjectText;
}

export type UserContent = TextContent | ImageContent;
export type AssistantContent = TextContent | ToolCallContent;

export interface Tool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters: ObjectText;
  strict?: boolean;
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
