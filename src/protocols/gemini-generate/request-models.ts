import type { ReasoningEffort } from '../../llm/request.ts';

/** The generation in a model's name, such as 2.5; undefined where it names none, as `gemini-flash-latest`: those are taken for the newest. */
function generationOf(model: string): number | undefined {
  if (model.includes('gemma')) return 2; // like Gemini 2 in all that is asked here
  const found = /gemini-(?:[a-z]+-)*(\d(?:\.\d)?)(?!\d)/.exec(model)?.[1];
  return found === undefined ? undefined : Number(found);
}

const isSince = (model: string, first: number): boolean => (generationOf(model) ?? Infinity) >= first;

/** Fetches files from `https:` addresses (https://ai.google.dev/gemini-api/docs/file-input-methods). */
export const fetchesUrls = (model: string): boolean => isSince(model, 2.5);

/** Takes media inside of function responses (https://ai.google.dev/gemini-api/docs/function-calling#multimodal). */
export const takesResponseMedia = (model: string): boolean => isSince(model, 3);

/** Calls functions and answers in JSON in one request. */
export const combinesJsonAndFunctions = (model: string): boolean => isSince(model, 3);

/** Knows the mode VALIDATED of function calling. */
export const validatesCalls = (model: string): boolean => isSince(model, 2.5);

/** Writes more than one candidate. */
export const writesCandidates = (model: string): boolean => !isSince(model, 3);

/** Refuses function calls of the current turn that nothing signs (https://ai.google.dev/gemini-api/docs/thought-signatures). */
export const wantsSignatures = (model: string): boolean => isSince(model, 3);

/** Goes on where a last turn of the model's own ends (https://ai.google.dev/gemini-api/docs/generate-content/latest-model). */
export const continuesModelTurn = (model: string): boolean => !isSince(model, 3.6) && !model.includes('gemini-3.5-flash-lite');

/** How a model is told how much to think: in levels, in tokens, or not at all. */
export type Thinking =
  | { by: 'level'; levels: readonly ReasoningEffort[] }
  | { by: 'budget'; min: number; max: number; canBeOff: boolean }
  | { by: 'nothing' };

/** What a model takes of thinking (https://ai.google.dev/gemini-api/docs/thinking). */
export function thinkingOf(model: string): Thinking {
  if (isSince(model, 3)) return { by: 'level', levels: levelsOf(model) };
  if (!isSince(model, 2.5)) return { by: 'nothing' };
  if (model.includes('flash-lite')) return { by: 'budget', min: 512, max: 24_576, canBeOff: true };
  if (model.includes('flash')) return { by: 'budget', min: 1, max: 24_576, canBeOff: true };
  return { by: 'budget', min: 128, max: 32_768, canBeOff: false };
}

function levelsOf(model: string): readonly ReasoningEffort[] {
  if (generationOf(model) === 3 && model.includes('-pro')) return ['low', 'high'];
  if (model.includes('-pro') || isSince(model, 3.7)) return ['low', 'medium', 'high'];
  return ['minimal', 'low', 'medium', 'high'];
}
