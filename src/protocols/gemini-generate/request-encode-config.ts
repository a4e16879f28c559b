import type { Writable } from '../../framing/json-write.ts';
import { budgetOf, effortOf, nearestEffort } from '../../llm/reasoning.ts';
import type { ChatRequest, Reasoning, ResponseFormat, Warning } from '../../llm/request.ts';
import { combinesJsonAndFunctions, thinkingOf, writesCandidates, type Thinking } from './request-models.ts';
import { writeSchema } from './request-schema-encode.ts';

/** The generation config, where there is anything to say. */
export function encodeConfig(request: ChatRequest, model: string, warnings: Warning[]): Record<string, Writable> {
  const { temperature, topP, topK, maxTokens, presencePenalty, frequencyPenalty, logprobs, reasoning } = request;
  const generationConfig: Record<string, Writable> = {
    temperature,
    topP,
    topK,
    maxOutputTokens: maxTokens,
    presencePenalty,
    frequencyPenalty,
    ...encodeSeed(request, warnings),
    ...encodeStop(request, warnings),
    ...encodeChoices(request, model, warnings),
    ...(logprobs !== undefined && { responseLogprobs: true, logprobs: logprobs.top > 0 ? logprobs.top : undefined }),
    ...encodeFormat(request, model, warnings),
    ...(reasoning !== undefined && encodeThinking(reasoning, model, warnings)),
  };
  return Object.values(generationConfig).every((value) => value === undefined) ? {} : { generationConfig };
}

const maxSeed = 2 ** 31 - 1;

function encodeSeed({ seed }: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  if (seed === undefined || Math.abs(seed) <= maxSeed) return { seed };
  warnings.push({ field: 'seed', detail: 'is larger than the 32 bits of the Gemini API and is left out' });
  return {};
}

const maxStopSequences = 5;

function encodeStop(request: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  const stop = request.stop.filter((sequence) => sequence !== '');
  if (stop.length < request.stop.length) warnings.push({ field: 'stop', detail: 'the Gemini API refuses empty stop sequences; they are left out' });
  if (stop.length > maxStopSequences) {
    warnings.push({ field: 'stop', detail: `the Gemini API takes ${maxStopSequences} stop sequences; those after them are left out` });
  }
  return stop.length === 0 ? {} : { stopSequences: stop.slice(0, maxStopSequences) };
}

const maxCandidates = 8;

function encodeChoices({ choices = 1 }: ChatRequest, model: string, warnings: Warning[]): Record<string, Writable> {
  if (choices === 1) return {};
  if (!writesCandidates(model)) {
    warnings.push({ field: 'n', detail: `${model} writes one answer only` });
    return {};
  }
  if (choices > maxCandidates) warnings.push({ field: 'n', detail: `is at most ${maxCandidates} in the Gemini API; ${maxCandidates} is sent` });
  return { candidateCount: Math.min(choices, maxCandidates) };
}

function encodeFormat({ responseFormat, tools }: ChatRequest, model: string, warnings: Warning[]): Record<string, Writable> {
  if (responseFormat === undefined) return {};
  if (tools.length > 0 && !combinesJsonAndFunctions(model)) {
    warnings.push({ field: 'response_format', detail: `${model} does not answer in JSON where it may call functions; the format is left out` });
    return {};
  }
  if (responseFormat.type === 'json-object') return { responseMimeType: 'application/json' };
  return { responseMimeType: 'application/json', responseJsonSchema: answerSchema(responseFormat, warnings) };
}

/** A name and a description of the format stand in the schema itself, where it has none. */
function answerSchema({ schema, name, description }: Extract<ResponseFormat, { type: 'json-schema' }>, warnings: Warning[]): Writable {
  const { schema: written, ignored } = writeSchema(schema);
  if (ignored.length > 0) warnings.push({ field: 'response_format', detail: `Gemini does not obey these keywords: ${ignored.join(', ')}` });
  if ('$ref' in written) return written;
  return { ...(name !== undefined && { title: name }), ...(description !== undefined && { description }), ...written };
}

function encodeThinking(reasoning: Reasoning, model: string, warnings: Warning[]): Record<string, Writable> {
  const thinking = thinkingOf(model);
  const amount = encodeAmount(reasoning, thinking, warnings);
  const includeThoughts = thinking.by === 'nothing' || amount['thinkingBudget'] === 0 ? undefined : reasoning.show;
  const thinkingConfig = { ...amount, ...(includeThoughts !== undefined && { includeThoughts }) };
  return Object.keys(thinkingConfig).length === 0 ? {} : { thinkingConfig };
}

/** How much the model shall think. A warning says where the client's own word does not hold: the nearest to it is sent. */
export function encodeAmount(reasoning: Reasoning, thinking: Thinking, warnings: Warning[]): Record<string, Writable> {
  const warn = (detail: string): void => {
    warnings.push({ field: 'reasoning', detail });
  };
  const effort = effortOf(reasoning);
  if (effort === undefined) return {};
  switch (thinking.by) {
    case 'nothing':
      if (effort !== 'none') warn('this model does not think');
      return {};
    case 'level': {
      const level = nearestEffort(effort, thinking.levels) ?? 'high';
      if (effort === 'none') warn('thinking of this model cannot be switched off; its lowest level is sent');
      else if (reasoning.effort !== undefined && level !== effort) warn(`is not ${effort} but ${level}, the nearest that this model has`);
      return { thinkingLevel: level.toUpperCase() };
    }
    case 'budget': {
      const budget = budgetOf(reasoning) ?? 0;
      if (budget === 0 && thinking.canBeOff) return { thinkingBudget: 0 };
      const taken = Math.min(Math.max(budget, thinking.min), thinking.max);
      if (budget === 0) warn('thinking of this model cannot be switched off; its smallest budget is sent');
      else if (reasoning.budgetTokens !== undefined && taken !== budget) warn(`is ${taken} tokens, the nearest that this model takes`);
      return { thinkingBudget: taken };
    }
  }
}
