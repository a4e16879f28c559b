import { writeJson, type Writable } from '../../framing/json-write.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import type { Carried, Target } from '../protocol.ts';
import { encodeConfig } from './request-encode-config.ts';
import { encodeContents } from './request-encode-contents.ts';
import { encodeTools } from './request-encode-tools.ts';

/** A request as Gemini takes it. Its path says the model, and whether it is streamed. */
export function encodeRequest(request: ChatRequest, target: Target): Carried<string> {
  const { value, warnings } = encodeGenerate(request, target);
  return { value: writeJson(value), warnings };
}

/** The same as a value, to be put inside of another request. */
export function encodeGenerate(request: ChatRequest, { model }: Target): Carried<Record<string, Writable>> {
  const warnings: Warning[] = [];
  const { systemInstruction, contents } = encodeContents(request.messages, model, warnings);
  const value = {
    contents,
    ...(systemInstruction !== undefined && { systemInstruction }),
    ...encodeTools(request, model, warnings),
    ...encodeConfig(request, model, warnings),
    ...encodeOptions(request, warnings),
  };
  return { value, warnings };
}

/** What beside the conversation and the config has a place in the API, and what has none. */
function encodeOptions(request: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  const { metadata, user, prediction, verbosity, promptCacheKey } = request;
  const drop = (field: string, value: unknown): void => {
    if (value !== undefined) warnings.push({ field, detail: 'has no counterpart in the Gemini API and is left out' });
  };
  drop('user', user);
  drop('prediction', prediction);
  drop('verbosity', verbosity);
  drop('prompt_cache_key', promptCacheKey);
  if (request.messages.some(isMarked) || request.tools.some(({ cache }) => cache !== undefined)) {
    warnings.push({ field: 'cache_control', detail: 'Gemini caches the beginning of prompts by itself; cache markers are left out' });
  }
  return { ...labelsOf(metadata, warnings), ...serviceTier(request, warnings) };
}

function isMarked(message: ChatRequest['messages'][number]): boolean {
  if (message.role === 'tool' && message.cache !== undefined) return true;
  return message.content.some((item) => 'cache' in item && item.cache !== undefined);
}

/** Labels of Google's take less than the metadata of others. */
const label = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const labelValue = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const maxLabels = 64;

function labelsOf(metadata: ChatRequest['metadata'], warnings: Warning[]): Record<string, Writable> {
  const entries = Object.entries(metadata ?? {});
  const taken = entries.filter(([key, value]) => label.test(key) && labelValue.test(value)).slice(0, maxLabels);
  if (taken.length < entries.length) {
    warnings.push({ field: 'metadata', detail: 'labels of Google are short words in lower case; other entries are left out' });
  }
  return taken.length === 0 ? {} : { labels: Object.fromEntries(taken) };
}

/** Tiers that other vendors have under the same name; theirs for the usual one need no word. */
const tiers: ReadonlySet<string> = new Set(['flex', 'priority']);
const usualTiers: ReadonlySet<string> = new Set(['auto', 'default', 'standard', 'standard_only']);

function serviceTier({ serviceTier: tier }: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  if (tier === undefined || usualTiers.has(tier)) return {};
  if (tiers.has(tier)) return { serviceTier: tier };
  warnings.push({ field: 'service_tier', detail: `the Gemini API has no tier ${tier}; the usual one is used` });
  return {};
}
