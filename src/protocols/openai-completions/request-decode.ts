import { optional, optionalBoolean, optionalCount, optionalNumber, optionalString, required } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest } from '../../llm/request.ts';
import { sharedNumbers } from '../openai-chat/request-fields.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';

/** Fields that are carried, or whose own reader warns. `stream_options` concerns the client's stream alone, and is read by `facts`. */
const carried: readonly string[] = [
  ...sharedNumbers.map(([field]) => field),
  ...['model', 'prompt', 'stream', 'stream_options', 'max_tokens', 'top_k', 'seed', 'stop', 'n', 'logprobs', 'user', 'best_of', 'echo', 'suffix'],
];

/** Output limit of a request that names none (https://platform.openai.com/docs/api-reference/completions/create). */
const limitOfTheApi = 16;

/** A prompt as what a person says in one message. Throws JsonFieldError, also for what no other protocol can do: several prompts, tokens, text to be put in the middle. */
export function decodeRequest(body: JsonNode): Carried<ChatRequest> {
  const warnings = new Warnings();
  const request: ChatRequest = {
    stream: optionalBoolean(body, 'stream') ?? false,
    messages: [{ role: 'user', content: [{ type: 'text', text: promptOf(body) }] }],
    tools: [],
    stop: decodeStop(body),
    maxTokens: optionalCount(body, 'max_tokens') ?? limitOfTheApi,
  };
  if ((optionalString(body, 'suffix') ?? '') !== '') throw new JsonFieldError('suffix', 'cannot be translated for a provider of another protocol');
  decodeSettings(body, request, warnings);
  warnings.others(body, carried);
  return { value: request, warnings: warnings.list };
}

function promptOf(body: JsonNode): string {
  const prompt = required(body, 'prompt');
  if (prompt.type !== 'array') return prompt.string();
  const [first, ...others] = prompt.items();
  if (first?.type === 'string' && others.length === 0) return first.string();
  throw new JsonFieldError('prompt', 'must be one text: several prompts, and tokens, cannot be translated for a provider of another protocol');
}

function decodeStop(body: JsonNode): string[] {
  const stop = optional(body, 'stop');
  if (stop === undefined) return [];
  return stop.type === 'string' ? [stop.string()] : stop.items().map((item) => item.string());
}

function decodeSettings(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  for (const [field, ours] of sharedNumbers) {
    const value = optionalNumber(body, field);
    if (value !== undefined) request[ours] = value;
  }
  const topK = optionalNumber(body, 'top_k');
  if (topK !== undefined) request.topK = topK;
  const seed = optionalNumber(body, 'seed');
  if (Number.isSafeInteger(seed)) request.seed = seed as number;
  else if (seed !== undefined) warnings.add(required(body, 'seed'), 'is not a whole number of at most 53 bits');
  const choices = optionalCount(body, 'n', 1) ?? 1;
  if (choices > 1) request.choices = choices;
  const top = optionalCount(body, 'logprobs');
  if (top !== undefined) request.logprobs = { top };
  const user = optionalString(body, 'user');
  if (user !== undefined) request.user = user;
  if ((optionalCount(body, 'best_of', 1) ?? 1) > choices)
    warnings.add(required(body, 'best_of'), 'is not carried: nothing is written but what is answered');
  if (optionalBoolean(body, 'echo') === true) warnings.add(required(body, 'echo'), 'is not carried: the answer does not repeat the prompt');
}
