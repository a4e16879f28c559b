import type {
  Blob as SdkBlob,
  Content as SdkContent,
  FileData as SdkFileData,
  FunctionCall as SdkFunctionCall,
  FunctionCallingConfig as SdkFunctionCallingConfig,
  FunctionDeclaration as SdkFunctionDeclaration,
  FunctionResponse as SdkFunctionResponse,
  FunctionResponsePart as SdkFunctionResponsePart,
  GenerationConfig as SdkGenerationConfig,
  Part as SdkPart,
  SafetySetting as SdkSafetySetting,
  Schema as SdkSchema,
  ThinkingConfig as SdkThinkingConfig,
  Tool as SdkTool,
  ToolConfig as SdkToolConfig,
} from '@google/genai';
import { anyValue, bool, bytes, enumOf, float, int32, int64, lazy, listOf, mapOf, message, string, struct } from './proto-json.ts';
import type { Dialect, Reader, Readers, Violation } from './proto-json.ts';
import type { GeminiBody } from './request.ts';

/* Readers of the messages in https://ai.google.dev/api/generate-content; a new field of the SDK's types breaks the build until it is named here. */

const schema = message({
  anyOf: lazy(() => listOf(schema)),
  default: anyValue,
  description: string,
  enum: listOf(string),
  example: anyValue,
  format: string,
  items: lazy(() => schema),
  maxItems: int64,
  maxLength: int64,
  maxProperties: int64,
  maximum: float,
  minItems: int64,
  minLength: int64,
  minProperties: int64,
  minimum: float,
  nullable: bool,
  pattern: string,
  properties: mapOf(lazy(() => schema)),
  propertyOrdering: listOf(string),
  required: listOf(string),
  title: string,
  type: enumOf('Type', 'TYPE_UNSPECIFIED', 'STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL'),
} satisfies Readers<SdkSchema>);

const displayed = { only: { Vertex: ['displayName'] } };
const blob = message({ data: bytes, displayName: string, mimeType: string } satisfies Readers<SdkBlob>, displayed);
const fileData = message({ displayName: string, fileUri: string, mimeType: string } satisfies Readers<SdkFileData>, displayed);

const functionCall = message(
  { args: struct, id: string, name: string, partialArgs: listOf(struct), willContinue: bool } satisfies Readers<SdkFunctionCall>,
  { only: { Vertex: ['partialArgs', 'willContinue'] } },
);

const functionResponse = message(
  {
    id: string,
    name: string,
    parts: listOf(
      message({ fileData, inlineData: blob, mediaProcessing: struct } satisfies Readers<SdkFunctionResponsePart>, {
        oneof: { name: 'data', fields: ['fileData', 'inlineData'] },
        only: { Gemini: ['mediaProcessing'] },
      }),
    ),
    response: struct,
    scheduling: enumOf('FunctionResponse.Scheduling', 'SCHEDULING_UNSPECIFIED', 'SILENT', 'WHEN_IDLE', 'INTERRUPT'),
    willContinue: bool,
  } satisfies Readers<SdkFunctionResponse>,
  { only: { Gemini: ['willContinue'] } },
);

/** Fields of a part that hold what it says; it has one of them. */
export const dataFields = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
] as const satisfies (keyof SdkPart)[];

const part = message(
  {
    audioTranscription: struct,
    codeExecutionResult: struct,
    executableCode: struct,
    fileData,
    functionCall,
    functionResponse,
    inlineData: blob,
    mediaProcessing: struct,
    mediaResolution: struct,
    partMetadata: struct,
    speechMetadata: struct,
    text: string,
    thought: bool,
    thoughtSignature: bytes,
    toolCall: struct,
    toolResponse: struct,
    videoMetadata: struct,
  } satisfies Readers<SdkPart>,
  { oneof: { name: 'data', fields: dataFields }, only: { Gemini: ['mediaProcessing', 'partMetadata', 'toolCall', 'toolResponse'] } },
);

const content = message({ parts: listOf(part), role: string } satisfies Readers<SdkContent>);

const functionDeclaration = message({
  behavior: enumOf('FunctionDeclaration.Behavior', 'UNSPECIFIED', 'BLOCKING', 'NON_BLOCKING'),
  description: string,
  name: string,
  parameters: schema,
  parametersJsonSchema: anyValue,
  response: schema,
  responseJsonSchema: anyValue,
} satisfies Readers<SdkFunctionDeclaration>);

const tool = message(
  {
    codeExecution: struct,
    computerUse: struct,
    enterpriseWebSearch: struct,
    exaAiSearch: struct,
    fileSearch: struct,
    functionDeclarations: listOf(functionDeclaration),
    googleMaps: struct,
    googleSearch: struct,
    googleSearchRetrieval: struct,
    mcpServers: listOf(struct),
    parallelAiSearch: struct,
    retrieval: struct,
    urlContext: struct,
  } satisfies Readers<SdkTool>,
  { only: { Gemini: ['fileSearch'], Vertex: ['enterpriseWebSearch', 'exaAiSearch', 'parallelAiSearch', 'retrieval'] } },
);

const functionCallingConfig = message(
  {
    allowedFunctionNames: listOf(string),
    mode: enumOf('FunctionCallingConfig.Mode', 'MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'),
    streamFunctionCallArguments: bool,
  } satisfies Readers<SdkFunctionCallingConfig>,
  { only: { Vertex: ['streamFunctionCallArguments'] } },
);

const toolConfig = message(
  { functionCallingConfig, includeServerSideToolInvocations: bool, retrievalConfig: struct } satisfies Readers<SdkToolConfig>,
  { only: { Gemini: ['includeServerSideToolInvocations'] } },
);

const harms = ['UNSPECIFIED', 'HARASSMENT', 'HATE_SPEECH', 'SEXUALLY_EXPLICIT', 'DANGEROUS_CONTENT', 'CIVIC_INTEGRITY', 'JAILBREAK'];
const imageHarms = ['IMAGE_HATE', 'IMAGE_DANGEROUS_CONTENT', 'IMAGE_HARASSMENT', 'IMAGE_SEXUALLY_EXPLICIT'];

const safetySetting = message(
  {
    category: enumOf('HarmCategory', ...[...harms, ...imageHarms].map((harm) => `HARM_CATEGORY_${harm}`)),
    method: enumOf('HarmBlockMethod', 'HARM_BLOCK_METHOD_UNSPECIFIED', 'SEVERITY', 'PROBABILITY'),
    threshold: enumOf(
      'HarmBlockThreshold',
      'HARM_BLOCK_THRESHOLD_UNSPECIFIED',
      'BLOCK_LOW_AND_ABOVE',
      'BLOCK_MEDIUM_AND_ABOVE',
      'BLOCK_ONLY_HIGH',
      'BLOCK_NONE',
      'OFF',
    ),
  } satisfies Readers<SdkSafetySetting>,
  { only: { Vertex: ['method'] } },
);

const thinkingConfig = message({
  includeThoughts: bool,
  thinkingBudget: int32,
  thinkingLevel: enumOf('ThinkingLevel', 'THINKING_LEVEL_UNSPECIFIED', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'),
} satisfies Readers<SdkThinkingConfig>);

/** What the SDK names otherwise than the API, or not at all. */
const unnamedConfig = { imageConfig: struct, modelConfig: struct };

const generationConfig = message(
  {
    ...unnamedConfig,
    audioTimestamp: bool,
    audioTranscriptionConfig: struct,
    candidateCount: int32,
    enableAffectiveDialog: bool,
    enableEnhancedCivicAnswers: bool,
    frequencyPenalty: float,
    logprobs: int32,
    maxOutputTokens: int32,
    mediaResolution: enumOf('MediaResolution', ...['UNSPECIFIED', 'LOW', 'MEDIUM', 'HIGH'].map((level) => `MEDIA_RESOLUTION_${level}`)),
    presencePenalty: float,
    responseFormat: listOf(struct),
    responseJsonSchema: anyValue,
    responseLogprobs: bool,
    responseMimeType: string,
    responseModalities: listOf(enumOf('Modality', 'MODALITY_UNSPECIFIED', 'TEXT', 'IMAGE', 'AUDIO', 'VIDEO')),
    responseSchema: schema,
    routingConfig: struct,
    seed: int32,
    speechConfig: struct,
    stopSequences: listOf(string),
    temperature: float,
    thinkingConfig,
    topK: int32,
    topP: float,
    translationConfig: struct,
  } satisfies Readers<Omit<SdkGenerationConfig, 'modelSelectionConfig'>>,
  { only: { Gemini: ['enableEnhancedCivicAnswers'], Vertex: ['audioTimestamp', 'modelConfig', 'routingConfig'] } },
);

const requestFields = {
  cachedContent: string,
  contents: listOf(content),
  continuationToken: string,
  generationConfig,
  labels: mapOf(string),
  model: string,
  modelArmorConfig: struct,
  outputConfig: struct,
  safetySettings: listOf(safetySetting),
  serviceTier: enumOf('ServiceTier', 'unspecified', 'flex', 'standard', 'priority'),
  store: bool,
  systemInstruction: content,
  toolConfig,
  tools: listOf(tool),
} satisfies Readers<GeminiBody>;

const generateRequest = message(requestFields, { only: { Gemini: ['store'], Vertex: ['modelArmorConfig', 'outputConfig'] } });

const countTokensFields = {
  contents: listOf(content),
  generateContentRequest: generateRequest,
  generationConfig,
  model: string,
  systemInstruction: content,
  tools: listOf(tool),
};

const vertexCount = ['generationConfig', 'model', 'systemInstruction', 'tools'];
const countTokensRequest = message(countTokensFields, { only: { Gemini: ['generateContentRequest'], Vertex: vertexCount } });

const taskTypes = ['RETRIEVAL_QUERY', 'RETRIEVAL_DOCUMENT', 'SEMANTIC_SIMILARITY', 'CLASSIFICATION', 'CLUSTERING'];

const embedRequest = message({
  content,
  model: string,
  outputDimensionality: int32,
  taskType: enumOf('TaskType', 'TASK_TYPE_UNSPECIFIED', ...taskTypes, 'QUESTION_ANSWERING', 'FACT_VERIFICATION', 'CODE_RETRIEVAL_QUERY'),
  title: string,
});

const batchEmbedRequest = message({ requests: listOf(embedRequest) });

const messages = { generate: generateRequest, countTokens: countTokensRequest, embed: embedRequest, batchEmbed: batchEmbedRequest };

/** Reads a body as one of the API's request messages, under the lowerCamelCase names of its fields; or says all that keeps it from being one. */
export function readMessage(name: keyof typeof messages, body: unknown, dialect: Dialect): { read: unknown } | { violations: Violation[] } {
  const violations: Violation[] = [];
  const reader: Reader = messages[name];
  const read = reader(body, '', { dialect, violations });
  return violations.length > 0 ? { violations } : { read };
}
