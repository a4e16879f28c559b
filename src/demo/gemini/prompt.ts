import { functionsOf, responsesOf } from './request.ts';
import type { GeminiBody, GeminiContent, GeminiRequest, GeminiSchema } from './request.ts';
import type { Prompt } from '../answer.ts';

/** Bytes of a beginning that is cached without being asked for; shorter ones are not (https://ai.google.dev/gemini-api/docs/caching). */
const minCachedBytes = 4 * 1024;

/** What the answer is composed from. */
export function toPrompt({ model, body }: GeminiRequest): Prompt {
  const { contents = [], generationConfig = {} } = body;
  const { mode = 'AUTO', allowedFunctionNames: allowed = [] } = body.toolConfig?.functionCallingConfig ?? {};
  const tools = functionsOf(body).filter(({ name = '' }) => allowed.length === 0 || allowed.includes(name));
  const lastAnswer = contents.findLastIndex(({ role }) => role === 'model');
  const [onlyName, ...otherNames] = allowed;
  const required = onlyName !== undefined && otherNames.length === 0 ? ({ type: 'tool', name: onlyName } as const) : ({ type: 'required' } as const);
  const choices = { ANY: required, NONE: { type: 'none' } } as const;
  const jsonSchema = toResponseSchema(body);
  return {
    model,
    userText: textOf(contents.findLast((content) => content.role !== 'model' && textOf(content) !== '')),
    toolResults: contents
      .slice(lastAnswer + 1)
      .flatMap(responsesOf)
      .map(({ name = '', response = {} }) => ({ name, text: textOfResponse(response) })),
    tools: tools.map(({ name = '', parameters, parametersJsonSchema }) => ({
      name,
      schema: parametersJsonSchema ?? (parameters && toJsonSchema(parameters)),
    })),
    toolChoice: mode === 'ANY' || mode === 'NONE' ? choices[mode] : { type: 'auto' },
    parallelToolCalls: true,
    stop: generationConfig.stopSequences ?? [],
    maxTokens: generationConfig.maxOutputTokens,
    ...(jsonSchema === undefined ? {} : { jsonSchema }),
    reasons: generationConfig.thinkingConfig?.includeThoughts ?? false,
  };
}

/** The instruction and the tools, where they are long enough. */
export function cachePrefixes({ body: { systemInstruction, tools } }: GeminiRequest): string[] {
  const prefix = JSON.stringify([systemInstruction, tools]);
  return prefix.length >= minCachedBytes ? [prefix] : [];
}

/** Google's schema as the JSON Schema that it stands for, as far as an example needs it. */
function toJsonSchema({ type = '', items, properties, anyOf, ...rest }: GeminiSchema): Record<string, unknown> {
  return {
    ...rest,
    ...(anyOf ? { anyOf: anyOf.map(toJsonSchema) } : { type: type.toLowerCase() }),
    ...(items ? { items: toJsonSchema(items) } : {}),
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, toJsonSchema(schema)])) } : {}),
  };
}

/** The schema of a response that is JSON, or one of an enum; any object where there is none. */
function toResponseSchema({ generationConfig = {} }: GeminiBody): unknown {
  const { responseMimeType = 'text/plain', responseSchema, responseJsonSchema } = generationConfig;
  if (responseMimeType === 'text/plain') return undefined;
  return responseJsonSchema ?? (responseSchema ? toJsonSchema(responseSchema) : { properties: { answer: { type: 'string' } } });
}

const textOf = ({ parts = [] }: GeminiContent = {}): string => parts.flatMap(({ text = '' }) => (text === '' ? [] : [text])).join('\n');

/** What a function gave stands under `output` or `error`, or is all of the response. */
function textOfResponse(response: Record<string, unknown>): string {
  const output = response['output'] ?? response['error'] ?? response;
  return typeof output === 'string' ? output : JSON.stringify(output);
}
