import { writeJson } from '../../framing/json-write.ts';
import { JsonFieldError } from '../../framing/json.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { sharedNumbers } from '../openai-chat/request-fields.ts';
import { withQuirks } from '../openai-chat/request-quirks.ts';
import type { Carried, Target } from '../protocol.ts';

/** Settings that completions have nothing for, as most APIs write them. */
const unknown = [
  ['tools', ({ tools }) => tools.length > 0],
  ['response_format', ({ responseFormat }) => responseFormat !== undefined],
  ['reasoning', ({ reasoning }) => reasoning !== undefined],
  ['metadata', ({ metadata }) => metadata !== undefined && Object.keys(metadata).length > 0],
  ['service_tier', ({ serviceTier }) => serviceTier !== undefined && serviceTier !== 'auto'],
  ['prediction', ({ prediction }) => prediction !== undefined],
  ['verbosity', ({ verbosity }) => verbosity !== undefined],
  ['prompt_cache_key', ({ promptCacheKey }) => promptCacheKey !== undefined],
] as const satisfies readonly (readonly [string, (request: ChatRequest) => boolean])[];

/** A request for a server that completes text and knows no conversations: a poor last resort. Throws JsonFieldError for any that is more than one text of the user's. */
export function encodeRequest(request: ChatRequest, { model, quirks }: Target): Carried<string> {
  const warnings: Warning[] = unknown
    .filter(([, isAsked]) => isAsked(request))
    .map(([field]) => ({ field, detail: 'text completions have no such field' }));
  const { topK } = request;
  if (topK !== undefined && quirks.topK !== true) warnings.push({ field: 'top_k', detail: 'OpenAI has no such field' });
  const { maxTokensField: _, ...others } = quirks;
  const fields = {
    model,
    prompt: promptOf(request, warnings),
    stream: request.stream || undefined,
    stream_options: request.stream && (quirks.usageInStream ?? 'asked') === 'asked' ? { include_usage: true } : undefined,
    max_tokens: request.maxTokens,
    ...Object.fromEntries(sharedNumbers.map(([field, ours]) => [field, request[ours]])),
    top_k: quirks.topK === true ? topK : undefined,
    seed: request.seed,
    stop: request.stop.length === 0 ? undefined : request.stop,
    n: request.choices,
    logprobs: request.logprobs?.top,
    user: request.user,
  };
  return { value: writeJson(withQuirks(fields, others, warnings)), warnings };
}

function promptOf({ messages }: ChatRequest, warnings: Warning[]): string {
  const [message, ...others] = messages;
  if (message?.role !== 'user' || others.length > 0) {
    throw new JsonFieldError('messages', 'must be a single one of the user: this model completes text, and knows no conversations');
  }
  const texts = message.content.filter((item) => item.type === 'text');
  if (texts.length === 0) throw new JsonFieldError('messages[0].content', 'must hold text: this model completes nothing else');
  if (texts.length < message.content.length) warnings.push({ field: 'messages[0]', detail: 'has more than text, which is left out' });
  return texts.map(({ text }) => text).join('\n');
}
