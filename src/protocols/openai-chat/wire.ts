import type { TextPart } from '../../llm/part.ts';
import type { Usage } from '../../llm/usage.ts';
import type { TextPlace } from '../protocol.ts';
import { serviceTiers } from './request-fields.ts';
import { countOf, isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';

/** Where a text stands. */
type Path = TextPlace['path'];

/** Something that a message or delta says. */
export type Saying = TextSaying | CallSaying;

export interface TextSaying {
  type: Exclude<TextPart['type'], 'tool-arguments'>;
  text: string;
  path: Path;
  /** Tells texts of one kind apart that do not belong together. */
  source: string;
}

export interface CallSaying {
  type: 'tool-call';
  /** Which call of the answer; undefined in deltas of servers that leave it out. */
  index: number | undefined;
  /** Empty in further deltas of a call. */
  id: string;
  name: string;
  /** A piece of the arguments, as JSON text that is never parsed. */
  text: string;
  path: Path;
}

/**
 * What a `message` or a `delta` says, which stands `at` this place of its document.
 * Besides OpenAI's fields: `reasoning_content` (DeepSeek, vLLM, xAI) or `reasoning` (OpenRouter, newer vLLM), and content as an array (Mistral).
 */
export function sayings(message: WireObject, at: Path, isDelta: boolean): Saying[] {
  const found: Saying[] = [];
  // Servers in transition send both, with the same text.
  const reasoning = textOf(message['reasoning_content']) === '' ? 'reasoning' : 'reasoning_content';
  addText(found, 'reasoning', message[reasoning], [...at, reasoning]);
  if (Array.isArray(message['content'])) addContentItems(found, 'text', message['content'], [...at, 'content']);
  else addText(found, 'text', message['content'], [...at, 'content']);
  addText(found, 'refusal', message['refusal'], [...at, 'refusal']);
  if (isObject(message['audio'])) addText(found, 'text', message['audio']['transcript'], [...at, 'audio', 'transcript']);
  itemsOf(message['tool_calls']).forEach((call, position) => {
    if (isObject(call)) addToolCall(found, call, isDelta ? undefined : position, [...at, 'tool_calls', position]);
  });
  if (isObject(message['function_call'])) addCall(found, message['function_call'], { index: functionCallIndex, id: '' }, [...at, 'function_call']);
  return found;
}

/** Index of the one call in the form before `tool_calls`: no server counts from here. */
const functionCallIndex = -1;

function addText(found: Saying[], type: TextSaying['type'], value: unknown, path: Path, source = String(path.at(-1))): void {
  const text = textOf(value);
  if (text !== '') found.push({ type, text, path, source });
}

/** Mistral's content: an array of texts, and of thinking that holds texts in turn. */
function addContentItems(found: Saying[], type: 'text' | 'reasoning', items: readonly unknown[], outer: Path): void {
  items.forEach((item, position) => {
    if (!isObject(item)) return;
    addText(found, type, item['text'], [...outer, position, 'text'], type === 'text' ? 'content' : 'thinking');
    addContentItems(found, 'reasoning', itemsOf(item['thinking']), [...outer, position, 'thinking']);
  });
}

function addToolCall(found: Saying[], call: WireObject, position: number | undefined, path: Path): void {
  const index = typeof call['index'] === 'number' ? call['index'] : position;
  // The input of a custom tool is free text. No translated request has such tools, so it needs no form of its own, but policies must see it.
  if (isObject(call['custom'])) addText(found, 'text', call['custom']['input'], [...path, 'custom', 'input'], `custom ${index}`);
  else addCall(found, isObject(call['function']) ? call['function'] : {}, { index, id: textOf(call['id']) }, [...path, 'function']);
}

function addCall(found: Saying[], fn: WireObject, { index, id }: { index: number | undefined; id: string }, path: Path): void {
  found.push({ type: 'tool-call', index, id, name: textOf(fn['name']), text: textOf(fn['arguments']), path: [...path, 'arguments'] });
}

/** A provider's usage in our words, with the tier that its answer names; undefined where it is none. */
export function readUsage(value: unknown, serviceTier: string): Usage | undefined {
  if (!isObject(value) || typeof value['prompt_tokens'] !== 'number') return undefined;
  const inputTokens = countOf(value['prompt_tokens']);
  const input = isObject(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : {};
  const output = isObject(value['completion_tokens_details']) ? value['completion_tokens_details'] : {};
  // xAI and Gemini leave reasoning out of the completion tokens, but not out of the total.
  const outputTokens = Math.max(countOf(value['completion_tokens']), countOf(value['total_tokens']) - inputTokens);
  // DeepSeek puts the cached tokens beside the others.
  const cacheReadTokens = Math.min(inputTokens, countOf(input['cached_tokens']) || countOf(value['prompt_cache_hit_tokens']));
  return {
    inputTokens,
    cacheReadTokens,
    cacheWriteTokens: Math.min(inputTokens - cacheReadTokens, countOf(input['cache_write_tokens'])),
    cacheWrite1hTokens: 0,
    inputAudioTokens: Math.min(inputTokens, countOf(input['audio_tokens'])),
    outputTokens,
    reasoningTokens: Math.min(outputTokens, countOf(output['reasoning_tokens'])),
    outputAudioTokens: Math.min(outputTokens, countOf(output['audio_tokens'])),
    serviceTier,
  };
}

/** Usage as OpenAI writes it. */
export const writeUsage = (usage: Usage) => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: {
    cached_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    audio_tokens: usage.inputAudioTokens,
  },
  completion_tokens_details: { reasoning_tokens: usage.reasoningTokens, audio_tokens: usage.outputAudioTokens },
});

/** The tier of service as an answer names it: none where it is the usual one, or one that OpenAI's SDKs do not know. */
export const writeTier = ({ serviceTier }: Usage): { service_tier?: string } =>
  serviceTiers.includes(serviceTier) ? { service_tier: serviceTier } : {};
