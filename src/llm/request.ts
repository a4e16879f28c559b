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

/** JSON text as its sender wrote it: 64-bit integers and key order survive, because nothing parses and prints it again. */
export type JsonText = string & { readonly __json: true };

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
  /** The arguments as a JSON object in text. */
  arguments: JsonText;
}

export type UserContent = TextContent | ImageContent;
export type AssistantContent = TextContent | ToolCallContent;

export interface Tool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters: JsonText;
  strict?: boolean;
}

export type ToolChoice = { type: 'auto' } | { type: 'none' } | { type: 'required' } | { type: 'tool'; name: string };

/** A field of the client's request that the provider's protocol cannot carry, by its path in the client's body (`messages[2].content[0]`). */
export interface Warning {
  field: string;
  detail: string;
}
