/** A body of `converse` or `converse-stream` as it is on the wire: bytes are base64. */
export interface ConverseBody {
  messages: readonly ConverseMessage[];
  system?: readonly SystemBlock[];
  inferenceConfig?: { maxTokens?: number; temperature?: number; topP?: number; stopSequences?: readonly string[] };
  toolConfig?: { tools: readonly ConverseTool[]; toolChoice?: { auto?: object; any?: object; tool?: { name: string } } };
  additionalModelRequestFields?: Readonly<Record<string, unknown>>;
  additionalModelResponseFieldPaths?: readonly string[];
  performanceConfig?: { latency?: 'standard' | 'optimized' };
  serviceTier?: { type: 'priority' | 'default' | 'flex' | 'reserved' };
  outputConfig?: { textFormat?: { structure: { jsonSchema: { schema: string } } }; effort?: string };
}

export interface ConverseMessage {
  role: 'user' | 'assistant' | 'system';
  content: readonly Block[];
}

/** Exactly one of the fields is there. */
export interface Block {
  text?: string;
  image?: Image;
  document?: Document;
  video?: object;
  audio?: object;
  toolUse?: { toolUseId: string; name: string; input: object };
  toolResult?: { toolUseId: string; content: readonly ResultBlock[]; status?: 'success' | 'error' };
  guardContent?: GuardContent;
  cachePoint?: CachePoint;
  reasoningContent?: { reasoningText?: { text: string; signature?: string }; redactedContent?: string };
  citationsContent?: { content?: readonly { text: string }[] };
  searchResult?: SearchResult;
  toolAddition?: object;
  toolRemoval?: object;
}

export type ResultBlock = Pick<Block, 'text' | 'image' | 'document' | 'video' | 'searchResult'> & { json?: object };
export type SystemBlock = Pick<Block, 'text' | 'guardContent' | 'cachePoint'>;

export interface CachePoint {
  type: 'default';
  ttl?: '5m' | '1h';
}

export interface Image {
  format: 'png' | 'jpeg' | 'gif' | 'webp';
  source: { bytes?: string; s3Location?: object };
}

export interface Document {
  format?: string;
  name: string;
  source: { bytes?: string; s3Location?: object; text?: string; content?: readonly { text: string }[] };
  context?: string;
  citations?: { enabled: boolean };
}

export interface SearchResult {
  source: string;
  title: string;
  content: readonly { text: string }[];
}

export interface GuardContent {
  text?: { text: string };
  image?: { format: 'png' | 'jpeg'; source: { bytes: string } };
}

export interface ConverseTool {
  toolSpec?: { name: string; description?: string; inputSchema: { json: object }; strict?: boolean };
  systemTool?: { name: string };
  cachePoint?: CachePoint;
}

/** What a call of `converse` or `converse-stream` asks for. */
export interface ConverseRequest {
  /** As the path has it: an id, or an ARN. */
  model: string;
  isStream: boolean;
  body: ConverseBody;
}

export const toolUsesOf = ({ content }: ConverseMessage): NonNullable<Block['toolUse']>[] => content.flatMap(({ toolUse }) => toolUse ?? []);
export const toolResultsOf = ({ content }: ConverseMessage): NonNullable<Block['toolResult']>[] =>
  content.flatMap(({ toolResult }) => toolResult ?? []);

/** The text of a block that a person or the model wrote. */
export const textOf = ({ text, guardContent }: Pick<Block, 'text' | 'guardContent'>): string | undefined => text ?? guardContent?.text?.text;

/** A schema for the answer's text; undefined where there is none, or none that is JSON. */
export function outputSchemaOf({ outputConfig }: ConverseBody): unknown {
  const schema = outputConfig?.textFormat?.structure.jsonSchema.schema;
  try {
    return schema === undefined ? undefined : JSON.parse(schema);
  } catch {
    return undefined;
  }
}
