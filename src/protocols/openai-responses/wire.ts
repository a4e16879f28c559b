import type { TokenLogprob } from '../../llm/part.ts';
import { serviceTierOf } from '../../llm/service-tier.ts';
import type { Usage } from '../../llm/usage.ts';
import { countOf, isObject } from '../untrusted.ts';

/** What `include` says for log probabilities in the answer's text. */
export const logprobsInText = 'message.output_text.logprobs';

/** A provider's usage in our words, with the tier that its response names; undefined where it is none. */
export function readUsage(value: unknown, serviceTier: unknown): Usage | undefined {
  if (!isObject(value) || typeof value['input_tokens'] !== 'number') return undefined;
  const inputTokens = countOf(value['input_tokens']);
  const outputTokens = countOf(value['output_tokens']);
  const input = isObject(value['input_tokens_details']) ? value['input_tokens_details'] : {};
  const output = isObject(value['output_tokens_details']) ? value['output_tokens_details'] : {};
  const cacheReadTokens = Math.min(inputTokens, countOf(input['cached_tokens']));
  return {
    inputTokens,
    cacheReadTokens,
    cacheWriteTokens: Math.min(inputTokens - cacheReadTokens, countOf(input['cache_write_tokens'])),
    cacheWrite1hTokens: 0,
    inputAudioTokens: 0,
    outputTokens,
    reasoningTokens: Math.min(outputTokens, countOf(output['reasoning_tokens'])),
    outputAudioTokens: 0,
    serviceTier: serviceTierOf(serviceTier),
  };
}

/** Usage as OpenAI writes it. */
export const writeUsage = (usage: Usage): WrittenUsage => ({
  input_tokens: usage.inputTokens,
  input_tokens_details: { cached_tokens: usage.cacheReadTokens, cache_write_tokens: usage.cacheWriteTokens },
  output_tokens: usage.outputTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  total_tokens: usage.inputTokens + usage.outputTokens,
});

const tiers = ['flex', 'scale', 'priority', 'fast', 'ultrafast'] as const;

/** The tier of service as a response names it: the usual one in place of those that OpenAI does not have. */
export const writeTier = ({ serviceTier }: Usage): WrittenResponse['service_tier'] => tiers.find((tier) => tier === serviceTier) ?? 'default';

/** Log probabilities as an output text has them, where the bytes of each token must stand. */
export const writeLogprobs = (tokens: readonly TokenLogprob[]): WrittenLogprob[] =>
  tokens.map(({ top, ...token }) => ({ ...writeToken(token), top_logprobs: top.map(writeToken) }));

const writeToken = ({ token, logprob, bytes = [...Buffer.from(token)] }: Omit<TokenLogprob, 'top'>): WrittenToken => ({
  token,
  logprob,
  bytes: [...bytes],
});

interface WrittenToken {
  token: string;
  logprob: number;
  bytes: number[];
}

export interface WrittenLogprob extends WrittenToken {
  top_logprobs: WrittenToken[];
}

export interface WrittenUsage {
  input_tokens: number;
  input_tokens_details: { cached_tokens: number; cache_write_tokens: number };
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface WrittenText {
  type: 'output_text';
  text: string;
  annotations: never[];
  logprobs: WrittenLogprob[];
}

export interface WrittenRefusal {
  type: 'refusal';
  refusal: string;
}

export interface WrittenMessage {
  type: 'message';
  id: string;
  status: ItemStatus;
  role: 'assistant';
  content: (WrittenText | WrittenRefusal)[];
}

export interface WrittenSummary {
  type: 'summary_text';
  text: string;
}

export interface WrittenReasoning {
  type: 'reasoning';
  id: string;
  status: ItemStatus;
  summary: WrittenSummary[];
  encrypted_content: string | null;
}

export interface WrittenCall {
  type: 'function_call';
  id: string;
  status: ItemStatus;
  call_id: string;
  name: string;
  arguments: string;
}

export type WrittenItem = WrittenMessage | WrittenReasoning | WrittenCall;

/** What a response says of its request, which the writer of an answer does not know: what would stand there had the client set nothing. */
const unknownRequest = {
  access_programs: null,
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: false,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [] as never[],
  top_logprobs: 0,
  top_p: null,
  truncation: 'disabled',
} as const;

/** A response object as a client gets it. */
export interface WrittenResponse extends Omit<typeof unknownRequest, 'tools' | 'service_tier'> {
  id: string;
  object: 'response';
  created_at: number;
  completed_at: number | null;
  status: 'in_progress' | 'completed' | 'incomplete';
  error: null;
  incomplete_details: { reason: 'max_output_tokens' | 'content_filter' } | null;
  model: string;
  service_tier: 'default' | (typeof tiers)[number];
  output: WrittenItem[];
  tools: never[];
  usage: WrittenUsage | null;
}

/** A response that has just begun. `createdAt` in seconds since 1970. */
export const newResponse = (id: string, model: string, createdAt: number): WrittenResponse => ({
  id,
  object: 'response',
  created_at: createdAt,
  completed_at: null,
  status: 'in_progress',
  error: null,
  incomplete_details: null,
  model,
  output: [],
  usage: null,
  ...unknownRequest,
});

/** A response whose stream we ended before its time; the reason is the code of our error. */
type StoppedResponse = Omit<WrittenResponse, 'incomplete_details'> & { incomplete_details: { reason: string } };

/** The response as it is when we end its stream before its time. */
export const stopped = (response: WrittenResponse, reason: string, usage: Usage | undefined): StoppedResponse => ({
  ...response,
  status: 'incomplete',
  incomplete_details: { reason },
  usage: usage === undefined ? null : writeUsage(usage),
});
