import { geminiFault, geminiFaultAt, geminiRefusal } from './error.ts';
import { combinesTools, outputTokenLimit, thinkingBudgets, thinkingLevels, writesCandidates } from './models.ts';
import { functionsOf } from './request.ts';
import type { GeminiConfig, GeminiRequest } from './request.ts';
import { schemaFault } from './tool-rules.ts';
import { isObject } from '../shape.ts';
import type { Refusal, Rule } from '../vendor.ts';

/** The one cached content that the fake has, of `cachedContentTokens` tokens. */
const cachedContentName = /^(projects\/[^/]+\/locations\/[^/]+\/)?cachedContents\/demo$/;

/** Tokens of the cached content. */
export const cachedContentTokens = 2048;

/** What a request may ask for (https://ai.google.dev/api/generate-content#generationconfig). */
export const configRules: readonly Rule<GeminiRequest>[] = [
  { name: 'numbers are within their range', check: checkRanges },
  { name: 'several candidates only from models that write them', check: checkCandidates },
  { name: 'at most five stop sequences, none of them empty', check: checkStopSequences },
  { name: 'logprobs only with response_logprobs', check: checkLogprobs },
  { name: 'one schema for the response, with a MIME type that has one', check: checkResponseSchema },
  { name: 'a JSON Schema of the response has nothing beside $ref', check: checkReferences },
  { name: 'no functions with JSON, for models that cannot', check: checkJsonWithFunctions },
  { name: 'the response is text', check: checkModalities },
  { name: 'thinking as the model takes it', check: checkThinking },
  { name: 'one safety setting for each category', check: checkSafetySettings },
  { name: 'cached content exists, and brings its own instruction and tools', check: checkCachedContent },
  {
    name: 'nothing to continue',
    check: ({ body }) => (body.continuationToken === undefined ? undefined : geminiFault('continuation_token is not one of this model’s.')),
  },
];

const configOf = ({ body }: GeminiRequest): GeminiConfig => body.generationConfig ?? {};

const ranges = {
  temperature: [0, 2],
  topP: [0, 1],
  topK: [1, 2 ** 31],
  candidateCount: [1, 8],
  maxOutputTokens: [1, outputTokenLimit],
  presencePenalty: [-2, 2],
  frequencyPenalty: [-2, 2],
  logprobs: [0, 20],
} as const satisfies Partial<Record<keyof GeminiConfig, readonly [number, number]>>;

function checkRanges(request: GeminiRequest): Refusal | undefined {
  const config: Readonly<Record<string, unknown>> = { ...configOf(request) };
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = config[name];
    if (typeof value === 'number' && (value < min || value > max)) {
      return geminiFaultAt(`generation_config.${name}`, `${value} is outside of ${min} to ${max}`);
    }
  }
  return undefined;
}

function checkCandidates(request: GeminiRequest): Refusal | undefined {
  const { candidateCount = 1 } = configOf(request);
  return candidateCount > 1 && !writesCandidates(request.model) ? geminiFault('Multiple candidates is not enabled for this model') : undefined;
}

function checkStopSequences(request: GeminiRequest): Refusal | undefined {
  const { stopSequences = [] } = configOf(request);
  if (stopSequences.length > 5) return geminiFaultAt('generation_config.stop_sequences', `at most 5, not ${stopSequences.length}`);
  return stopSequences.includes('') ? geminiFaultAt('generation_config.stop_sequences', 'must not be empty') : undefined;
}

function checkLogprobs(request: GeminiRequest): Refusal | undefined {
  const { logprobs, responseLogprobs = false } = configOf(request);
  return logprobs !== undefined && !responseLogprobs ? geminiFault('logprobs can only be set when response_logprobs is true') : undefined;
}

const mimeTypes = ['text/plain', 'application/json', 'text/x.enum'];

function checkResponseSchema(request: GeminiRequest): Refusal | undefined {
  const { responseMimeType = 'text/plain', responseSchema, responseJsonSchema } = configOf(request);
  if (!mimeTypes.includes(responseMimeType)) {
    return geminiFaultAt('generation_config.response_mime_type', `'${responseMimeType}' is none of ${mimeTypes.join(', ')}`);
  }
  if (responseSchema && responseJsonSchema !== undefined) {
    return geminiFaultAt('generation_config.response_schema', 'only one of response_schema and response_json_schema can be set');
  }
  if (!responseSchema && responseJsonSchema === undefined) return undefined;
  if (responseMimeType === 'text/plain') {
    return geminiFaultAt('generation_config.response_mime_type', 'must be application/json or text/x.enum where there is a schema');
  }
  return responseSchema && schemaFault(responseSchema, 'generation_config.response_schema', request.dialect);
}

function checkReferences(request: GeminiRequest): Refusal | undefined {
  return hasCrowdedReference(configOf(request).responseJsonSchema)
    ? geminiFaultAt('generation_config.response_json_schema', 'a schema with $ref must have no field beside it but those that start with $')
    : undefined;
}

function hasCrowdedReference(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(hasCrowdedReference);
  if (!isObject(schema)) return false;
  const isCrowded = typeof schema['$ref'] === 'string' && Object.keys(schema).some((key) => !key.startsWith('$'));
  return isCrowded || Object.values(schema).some(hasCrowdedReference);
}

function checkJsonWithFunctions(request: GeminiRequest): Refusal | undefined {
  const { responseMimeType = 'text/plain' } = configOf(request);
  if (responseMimeType === 'text/plain' || functionsOf(request.body).length === 0 || combinesTools(request.model)) return undefined;
  return geminiFault(`Function calling with a response mime type: '${responseMimeType}' is unsupported`);
}

function checkModalities(request: GeminiRequest): Refusal | undefined {
  const other = configOf(request).responseModalities?.find((modality) => modality !== 'TEXT');
  return other === undefined ? undefined : geminiFault(`The requested response modality ${other} is not supported by this model.`);
}

function checkThinking(request: GeminiRequest): Refusal | undefined {
  const { includeThoughts = false, thinkingBudget, thinkingLevel } = configOf(request).thinkingConfig ?? {};
  if (thinkingLevel !== undefined) {
    const levels = thinkingLevels(request.model);
    if (thinkingBudget !== undefined) return geminiFault('Only one of thinking_budget and thinking_level can be set.');
    if (levels.length === 0) return geminiFault('Thinking level is not supported for this model.');
    if (!levels.includes(thinkingLevel)) return geminiFault(`Thinking level ${thinkingLevel} is not supported for this model.`);
  }
  if (thinkingBudget === undefined || thinkingBudget === -1) return undefined;
  const { min, max, canBeZero } = thinkingBudgets(request.model);
  if (thinkingBudget === 0 && !canBeZero) return geminiFault('Budget 0 is invalid. This model only works in thinking mode.');
  if (thinkingBudget === 0) return includeThoughts ? geminiFault('include_thoughts is only enabled when thinking is enabled.') : undefined;
  if (thinkingBudget >= min && thinkingBudget <= max) return undefined;
  return geminiFault(`The thinking budget ${thinkingBudget} is invalid. Please choose a value between ${min} and ${max}.`);
}

function checkSafetySettings({ dialect, body }: GeminiRequest): Refusal | undefined {
  const categories = (body.safetySettings ?? []).map(({ category = '' }) => category);
  const twice = categories.find((category, at) => categories.indexOf(category) !== at);
  if (twice !== undefined) return geminiFaultAt('safety_settings', `the category ${twice} is set twice`);
  const refused = categories.find(
    (category) => category === '' || category.endsWith('_UNSPECIFIED') || (dialect === 'Gemini' && isVertexOnly(category)),
  );
  return refused === undefined ? undefined : geminiFaultAt('safety_settings', `element predicate failed: ${refused} is no category of this API`);
}

const isVertexOnly = (category: string): boolean => category.includes('_IMAGE_') || category.endsWith('_JAILBREAK');

function checkCachedContent({ body }: GeminiRequest): Refusal | undefined {
  const { cachedContent, systemInstruction, tools, toolConfig } = body;
  if (cachedContent === undefined) return undefined;
  if (!cachedContentName.test(cachedContent)) return { ...geminiRefusal(403), message: 'CachedContent not found (or permission denied)' };
  if (!systemInstruction && !tools && !toolConfig) return undefined;
  return geminiFault('CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.');
}
