import type {
  ContentBlock,
  ConverseRequest,
  ConverseStreamRequest,
  ConverseTokensRequest,
  DocumentBlock,
  DocumentSource,
  GuardrailStreamConfiguration,
  ImageBlock,
  InferenceConfiguration,
  SystemContentBlock,
  Tool,
  ToolResultBlock,
  ToolResultContentBlock,
  ToolSpecification,
  ToolUseBlock,
} from '@aws-sdk/client-bedrock-runtime';
import { anything, decimal, flag, integer, list, oneOf, openObject, record, tagged, text } from '../shape.ts';
import type { Fields, Shape } from '../shape.ts';

/** Fields of a type of the SDK's: one that it gets anew breaks the build until it is named here. A union of AWS's has its members as fields. */
type FieldsOf<Type> = Record<Exclude<keyof Type, '$unknown'>, Shape>;

/** AWS's unions: an object that has exactly one of these fields. */
function union(members: Fields): Shape {
  const shape = record({}, members);
  return (value, path) => {
    const problem = shape(value, path);
    if (problem) return problem;
    const [one, another] = Object.keys(value as object);
    if (one === undefined) return { path, fault: { kind: 'missing' } };
    return another === undefined ? undefined : { path: [...path, another], fault: { kind: 'unknown' } };
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html */
const toolUseId = text({ min: 1, max: 64, pattern: /^[a-zA-Z0-9_.:-]+$/ });
const toolName = text({ min: 1, max: 64, pattern: /^[a-zA-Z0-9_-]+$/ });
const bytes = text({ min: 1, pattern: /^[A-Za-z0-9+/]+={0,2}$/ });

const s3Location = record({ uri: text({ pattern: /^s3:\/\/[a-z0-9]/ }) }, { bucketOwner: text({ pattern: /^[0-9]{12}$/ }) });
const media = union({ bytes, s3Location });
const cachePoint = record({ type: oneOf('default') }, { ttl: oneOf('5m', '1h') });

const image = record({ format: oneOf('png', 'jpeg', 'gif', 'webp'), source: media } satisfies FieldsOf<Omit<ImageBlock, 'error'>>);
const video = record({ format: oneOf('mkv', 'mov', 'mp4', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp'), source: media });
const audio = record({ format: text({ min: 1 }), source: media });

const documentSource = union({
  bytes,
  s3Location,
  text: text({ min: 1 }),
  content: list(union({ text: text({ min: 1 }) }), { min: 1 }),
} satisfies FieldsOf<DocumentSource>);

const document = record(
  // No run of blanks: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
  { name: text({ min: 1, max: 200, pattern: /^(?!.*\s\s)[a-zA-Z0-9\s\-()[\]]+$/ }), source: documentSource },
  {
    format: oneOf('pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'),
    context: text(),
    citations: record({ enabled: flag }),
  } satisfies Partial<FieldsOf<DocumentBlock>>,
);

const searchResult = record({ source: text(), title: text(), content: list(record({ text: text() })) }, { citations: record({ enabled: flag }) });

const toolUse = record({ toolUseId, name: toolName, input: openObject }, { type: oneOf('server_tool_use') } satisfies Partial<
  FieldsOf<ToolUseBlock>
>);

const resultContent = union({
  text: text(),
  json: openObject,
  image,
  document,
  video,
  searchResult,
} satisfies FieldsOf<ToolResultContentBlock>);

const toolResult = record({ toolUseId, content: list(resultContent) }, { status: oneOf('success', 'error'), type: text() } satisfies Partial<
  FieldsOf<ToolResultBlock>
>);

const guardContent = union({
  text: record({ text: text() }, { qualifiers: list(oneOf('grounding_source', 'query', 'guard_content')) }),
  image: record({ format: oneOf('png', 'jpeg'), source: union({ bytes }) }),
});

const reasoningContent = union({ reasoningText: record({ text: text() }, { signature: text() }), redactedContent: bytes });

const toolReference = record({ tool: record({}, { type: text(), name: text(), serverName: text() }) });

const block = union({
  text: text(),
  image,
  document,
  video,
  audio,
  toolUse,
  toolResult,
  guardContent,
  cachePoint,
  reasoningContent,
  citationsContent: openObject,
  searchResult,
  toolAddition: toolReference,
  toolRemoval: toolReference,
} satisfies FieldsOf<ContentBlock>);

const message = record({ role: oneOf('user', 'assistant', 'system'), content: list(block) });

const systemBlock = union({ text: text({ min: 1 }), guardContent, cachePoint } satisfies FieldsOf<SystemContentBlock>);

const toolSpec = record({ name: toolName, inputSchema: union({ json: tagged('type', { object: openObject }) }) }, {
  description: text({ min: 1 }),
  strict: flag,
} satisfies Partial<FieldsOf<ToolSpecification>>);

const tool = union({ toolSpec, systemTool: record({ name: toolName }), cachePoint } satisfies FieldsOf<Tool>);

const toolConfig = record(
  { tools: list(tool, { min: 1 }) },
  { toolChoice: union({ auto: record({}), any: record({}), tool: record({ name: toolName }) }) },
);

const inferenceConfig = record({}, {
  maxTokens: integer({ min: 1 }),
  temperature: decimal({ min: 0, max: 1 }),
  topP: decimal({ min: 0, max: 1 }),
  stopSequences: list(text({ min: 1 }), { max: 2500 }),
} satisfies FieldsOf<InferenceConfiguration>);

const guardrail = {
  guardrailIdentifier: text({ max: 2048 }),
  guardrailVersion: text({ pattern: /^([1-9][0-9]{0,7}|DRAFT)$/ }),
  trace: oneOf('enabled', 'disabled', 'enabled_full'),
};

const outputConfig = record(
  {},
  {
    textFormat: record({
      type: oneOf('json_schema'),
      structure: union({ jsonSchema: record({ schema: text({ min: 1 }) }, { name: text({ min: 1 }), description: text() }) }),
    }),
    effort: text({ min: 1 }),
  },
);

const metadata: Shape = (value, path) => {
  const problem = openObject(value, path);
  if (problem) return problem;
  const pair = text({ max: 256 });
  return Object.entries(value as object)
    .map(([name, entry]) => pair(entry, [...path, name]))
    .find((found) => found !== undefined);
};

const conversation = {
  messages: list(message, { min: 1 }),
  system: list(systemBlock),
  toolConfig,
  additionalModelRequestFields: openObject,
} satisfies FieldsOf<ConverseTokensRequest>;

const optional = {
  system: conversation.system,
  toolConfig,
  additionalModelRequestFields: openObject,
  inferenceConfig,
  additionalModelResponseFieldPaths: list(text({ min: 1, max: 256, pattern: /^\// }), { max: 10 }),
  promptVariables: openObject,
  requestMetadata: metadata,
  performanceConfig: record({}, { latency: oneOf('standard', 'optimized') }),
  serviceTier: record({ type: oneOf('priority', 'default', 'flex', 'reserved') }),
  outputConfig,
} satisfies FieldsOf<Omit<ConverseRequest, 'modelId' | 'messages' | 'guardrailConfig'>>;

const required = { messages: conversation.messages };

/** A body of POST /model/{modelId}/converse, field by field. */
export const converseShape = record(required, { ...optional, guardrailConfig: record({}, guardrail) });

/** A body of POST /model/{modelId}/converse-stream: the same, but for guardrails, which may run beside the stream. */
export const converseStreamShape = record(required, {
  ...optional,
  guardrailConfig: record({}, { ...guardrail, streamProcessingMode: oneOf('sync', 'async') } satisfies FieldsOf<GuardrailStreamConfiguration>),
} satisfies FieldsOf<Omit<ConverseStreamRequest, 'modelId' | 'messages'>>);

/** A body of POST /model/{modelId}/count-tokens. */
export const countTokensShape = record({
  input: union({ converse: record(required, conversation), invokeModel: record({ body: bytes }) }),
});

/** What `invoke` has beside Anthropic's own fields. */
export const invokeClaudeShape = { anthropic_version: oneOf('bedrock-2023-05-31'), anthropic_beta: list(text({ min: 1 })) };

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html */
export const titanEmbedShape = record(
  { inputText: text({ min: 1, max: 50_000 }) },
  { dimensions: integer(), normalize: flag, embeddingTypes: list(oneOf('float', 'binary'), { min: 1 }) },
);

const embeddingTypes = list(oneOf('float', 'int8', 'uint8', 'binary', 'ubinary'), { min: 1 });
const inputType = oneOf('search_document', 'search_query', 'classification', 'clustering', 'image');
const dataUri = text({ pattern: /^data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/]+={0,2}$/ });
const texts = list(text(), { min: 1, max: 96 });

const part = tagged('type', {
  text: record({ type: oneOf('text'), text: text() }),
  image_url: record({ type: oneOf('image_url'), image_url: anything }),
});

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html */
export const cohereEmbedV4Shape = record(
  { input_type: inputType },
  {
    texts,
    images: list(dataUri, { min: 1, max: 96 }),
    inputs: list(record({ content: list(part, { min: 1 }) }), { min: 1, max: 96 }),
    embedding_types: embeddingTypes,
    output_dimension: integer(),
    max_tokens: integer({ min: 1 }),
    truncate: oneOf('NONE', 'LEFT', 'RIGHT'),
  },
);

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html */
export const cohereEmbedV3Shape = record(
  { input_type: inputType },
  { texts, images: list(dataUri, { min: 1, max: 1 }), embedding_types: embeddingTypes, truncate: oneOf('NONE', 'START', 'END') },
);

/** Cohere's own body, with the version of its API. */
export const cohereRerankShape = record(
  { query: text({ min: 1 }), documents: list(text(), { min: 1, max: 1000 }), api_version: integer({ min: 2 }) },
  { top_n: integer({ min: 1 }), max_tokens_per_doc: integer({ min: 1 }) },
);
