import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Reasoning, ReasoningEffort, ResponseFormat } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { booleanField, bothCases, countField, enumField, field, listField, numberField, stringField } from './wire-fields.ts';
import { jsonSchemaOf } from './request-schema-decode.ts';

const known = bothCases([
  ...['temperature', 'topP', 'topK', 'candidateCount', 'maxOutputTokens', 'stopSequences', 'seed', 'presencePenalty', 'frequencyPenalty'],
  ...['responseLogprobs', 'logprobs', 'responseMimeType', 'responseSchema', 'responseJsonSchema', 'thinkingConfig'],
]);

/** Reads the generation config into a request. */
export function decodeConfig(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const config = field(body, 'generationConfig');
  if (config === undefined) return;
  const changesNothing = onlyText(config) ? bothCases(['responseModalities']) : [];
  warnings.others(config, [...known, ...changesNothing]);
  decodeSampling(config, request);
  decodeLogprobs(config, request);
  request.stop = listField(config, 'stopSequences').map((sequence) => sequence.string());
  const format = responseFormat(config, warnings);
  if (format !== undefined) request.responseFormat = format;
  const reasoning = decodeThinking(config, warnings);
  if (reasoning !== undefined) request.reasoning = reasoning;
}

/** Text is what models answer with anyway. */
const onlyText = (config: JsonNode): boolean =>
  listField(config, 'responseModalities').every((modality) => modality.type === 'string' && modality.string().toUpperCase() === 'TEXT');

const numbers = [
  ['temperature', 'temperature'],
  ['topP', 'topP'],
  ['presencePenalty', 'presencePenalty'],
  ['frequencyPenalty', 'frequencyPenalty'],
] as const;

function decodeSampling(config: JsonNode, request: ChatRequest): void {
  for (const [name, ours] of numbers) {
    const value = numberField(config, name);
    if (value !== undefined) request[ours] = value;
  }
  const topK = countField(config, 'topK');
  const seed = numberField(config, 'seed');
  const maxTokens = countField(config, 'maxOutputTokens', 1);
  const choices = countField(config, 'candidateCount', 1);
  if (topK !== undefined) request.topK = topK;
  if (seed !== undefined) request.seed = seed;
  if (maxTokens !== undefined) request.maxTokens = maxTokens;
  if (choices !== undefined && choices > 1) request.choices = choices;
}

function decodeLogprobs(config: JsonNode, request: ChatRequest): void {
  const top = countField(config, 'logprobs') ?? 0;
  if (booleanField(config, 'responseLogprobs') === true) request.logprobs = { top };
}

function responseFormat(config: JsonNode, warnings: Warnings): ResponseFormat | undefined {
  const mimeType = stringField(config, 'responseMimeType') ?? 'text/plain';
  if (mimeType === 'text/plain') return undefined;
  const subset = field(config, 'responseSchema');
  const full = field(config, 'responseJsonSchema');
  if (mimeType !== 'application/json') {
    const node = field(config, 'responseMimeType');
    if (node !== undefined) warnings.add(node, `answers of type ${mimeType} have no counterpart in other protocols; text is asked for`);
    return undefined;
  }
  if (full !== undefined) return { type: 'json-schema', schema: objectText(full) };
  return subset === undefined ? { type: 'json-object' } : { type: 'json-schema', schema: jsonSchemaOf(subset) };
}

const efforts = new Map<string, ReasoningEffort>([
  ['MINIMAL', 'minimal'],
  ['LOW', 'low'],
  ['MEDIUM', 'medium'],
  ['HIGH', 'high'],
]);

const thinkingFields = bothCases(['includeThoughts', 'thinkingBudget', 'thinkingLevel']);

/** A budget of -1 leaves it to the model, as no budget does. */
function decodeThinking(config: JsonNode, warnings: Warnings): Reasoning | undefined {
  const node = field(config, 'thinkingConfig');
  if (node === undefined) return undefined;
  warnings.others(node, thinkingFields);
  const show = booleanField(node, 'includeThoughts');
  const budget = numberField(node, 'thinkingBudget');
  const reasoning: Reasoning = { ...(show !== undefined && { show }), ...effortIn(node, warnings) };
  if (budget !== undefined && !Number.isSafeInteger(budget)) throw new JsonFieldError(`${node.path}.thinkingBudget`, 'must be a whole number');
  if (budget === 0) reasoning.effort = 'none';
  else if (budget !== undefined && budget > 0) reasoning.budgetTokens = budget;
  return Object.keys(reasoning).length === 0 ? undefined : reasoning;
}

function effortIn(node: JsonNode, warnings: Warnings): Pick<Reasoning, 'effort'> {
  const level = enumField(node, 'thinkingLevel');
  if (level === undefined) return {};
  const effort = efforts.get(level);
  if (effort === undefined) {
    const unknown = field(node, 'thinkingLevel');
    if (unknown !== undefined) warnings.add(unknown, 'is no level that other protocols know, and is left out');
    return {};
  }
  return { effort };
}
