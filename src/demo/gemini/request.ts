import type { Dialect } from './proto-json.ts';

/** A request of `generateContent`: what the path says, and the body as its reader gives it. */
export interface GeminiRequest {
  dialect: Dialect;
  model: string;
  stream: boolean;
  /** Whether a stream comes as server-sent events (`alt=sse`), or else as one JSON array. */
  isEventStream: boolean;
  body: GeminiBody;
}

/* What the SDK's types say, without its enums: text here is one of the names that the readers let through. */

export interface GeminiBody {
  cachedContent?: string;
  contents?: GeminiContent[];
  continuationToken?: string;
  generationConfig?: GeminiConfig;
  labels?: Record<string, string>;
  model?: string;
  modelArmorConfig?: object;
  outputConfig?: object;
  safetySettings?: { category?: string; threshold?: string; method?: string }[];
  serviceTier?: string;
  store?: boolean;
  systemInstruction?: GeminiContent;
  toolConfig?: { functionCallingConfig?: { mode?: string; allowedFunctionNames?: string[] } };
  tools?: GeminiTool[];
}

export interface GeminiContent {
  role?: string;
  parts?: GeminiPart[];
}

export interface GeminiPart {
  text?: string;
  thought?: boolean;
  thoughtSignature?: string;
  functionCall?: { id?: string; name?: string; args?: Record<string, unknown> };
  functionResponse?: { id?: string; name?: string; response?: Record<string, unknown>; parts?: GeminiPart[] };
  inlineData?: { mimeType?: string; data?: string };
  fileData?: { mimeType?: string; fileUri?: string };
  executableCode?: object;
  codeExecutionResult?: object;
  toolCall?: object;
  toolResponse?: object;
}

export interface GeminiTool {
  functionDeclarations?: GeminiFunction[];
  [serverTool: string]: unknown;
}

export interface GeminiFunction {
  name?: string;
  description?: string;
  parameters?: GeminiSchema;
  parametersJsonSchema?: unknown;
  response?: GeminiSchema;
  responseJsonSchema?: unknown;
}

/** Google's subset of OpenAPI 3.0 schemas (https://ai.google.dev/api/caching#Schema). */
export interface GeminiSchema {
  type?: string;
  format?: string;
  enum?: string[];
  items?: GeminiSchema;
  properties?: Record<string, GeminiSchema>;
  required?: string[];
  anyOf?: GeminiSchema[];
  [more: string]: unknown;
}

export interface GeminiConfig {
  candidateCount?: number;
  frequencyPenalty?: number;
  logprobs?: number;
  maxOutputTokens?: number;
  presencePenalty?: number;
  responseFormat?: object[];
  responseJsonSchema?: unknown;
  responseLogprobs?: boolean;
  responseMimeType?: string;
  responseModalities?: string[];
  responseSchema?: GeminiSchema;
  seed?: number;
  stopSequences?: string[];
  temperature?: number;
  thinkingConfig?: { includeThoughts?: boolean; thinkingBudget?: number; thinkingLevel?: string };
  topK?: number;
  topP?: number;
}

/** The functions of all tools. */
export const functionsOf = ({ tools = [] }: GeminiBody): GeminiFunction[] => tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations);

/** The functions that a content calls. */
export const callsOf = ({ parts = [] }: GeminiContent): NonNullable<GeminiPart['functionCall']>[] =>
  parts.flatMap(({ functionCall }) => (functionCall ? [functionCall] : []));

/** What functions answered, as a content brings it. */
export const responsesOf = ({ parts = [] }: GeminiContent): NonNullable<GeminiPart['functionResponse']>[] =>
  parts.flatMap(({ functionResponse }) => (functionResponse ? [functionResponse] : []));

/** Whether the model thinks about this request: all do, unless their budget is nothing. */
export const isThinking = ({ body }: GeminiRequest): boolean => body.generationConfig?.thinkingConfig?.thinkingBudget !== 0;
