import type { Answer } from '../answer.ts';
import type { Counts, Refusal, Reply, Rule } from '../vendor.ts';
import type { ChatRequest, WireRequest } from './request.ts';

/** How one server differs from OpenAI in Chat Completions. */
export interface Flavour {
  /** What it calls itself in its answers. */
  name: string;
  /** The path of a config's `baseUrl`; `/chat/completions` follows. */
  basePath: string;
  models: readonly string[];
  /** True where any key is let in, and none. */
  isOpen?: boolean;
  /** Fields at the top of a request that it knows. */
  fields: readonly string[];
  /** Fields of a message that it knows. */
  messageFields: readonly string[];
  /** Fields of content parts that it knows beside OpenAI's. */
  partFields?: readonly string[];
  /** True where a tool's result may hold pictures. */
  showsResults?: boolean;
  /** What becomes of other fields: nothing, or a refusal that names their path, such as `['messages', 1, 'refusal']`. */
  unknownFields: 'ignored' | ((path: readonly (string | number)[]) => Refusal);
  /** What it refuses besides. */
  rules: readonly Rule<WireRequest>[];
  /** False: results of tools need not answer a call. */
  matchesResults?: boolean;
  /** The status of a body that has the wrong shape; 400 where it is absent. */
  shapeStatus?: number;
  /** Whether an answer begins with reasoning; only where a test says so if it is absent. */
  reasons?(request: WireRequest): boolean;
  answer: AnswerStyle;
  errorBody(refusal: Refusal): unknown;
  /** An error inside a stream, where it is more than the body in an event. */
  errorEvent?(refusal: Refusal): unknown;
  responseHeaders?(requestId: string): Record<string, string>;
}

/** How answers are written. */
export interface AnswerStyle {
  /** Where reasoning stands; `parts` are those of Mistral's content. Not shown where it is absent. */
  reasoning?: 'reasoning_content' | 'reasoning' | 'parts';
  /** Where a stream has its usage: in a chunk of its own, if `asked` for or anyway (`last`); with the `finish` reason; in `each`, growing. */
  usage: 'asked' | 'last' | 'finish' | 'each';
  /** Adds a chunk for those who ask, though they have it already. */
  repeatsUsageIfAsked?: boolean;
  /** The counts as it writes them. */
  usageOf(counts: Counts, choices: number): Record<string, unknown>;
  /** Whether a call's arguments come in pieces, at once, or at once in the chunk with the finish reason. */
  calls: 'pieces' | 'whole' | 'with-finish';
  /** Its words for why an answer ended, where they are not OpenAI's. A stream may end without one. */
  finish?: { json?: FinishWords; stream?: FinishWords };
  idOf?(id: string): string;
  callIdOf?(id: string, index: number): string;
  /** Fields of a chunk, or of the whole answer, beside OpenAI's. */
  beside?(reply: Reply<ChatRequest>, place: { isFirst: boolean; isFinish: boolean; usage: unknown }): Record<string, unknown>;
  /** Fields of a choice beside OpenAI's. */
  besideChoice?(finish: string | null): Record<string, unknown>;
  /** True where each delta names the role. */
  repeatsRole?: boolean;
  /** False: streams end without `[DONE]`. */
  isMarkedDone?: boolean;
  /** A comment before the first event. */
  comment?: string;
}

type FinishWords = Partial<Record<Answer['finish'], string | null>>;

/** OpenAI's three counts, which all have. */
export const threeCounts = ({ input, output }: Counts, choices: number): Record<string, unknown> => ({
  prompt_tokens: input,
  completion_tokens: output * choices,
  total_tokens: input + output * choices,
});

/** The same, with those of the cache and of reasoning where OpenAI has them. */
export const detailedCounts = (counts: Counts, choices: number): Record<string, unknown> => ({
  ...threeCounts(counts, choices),
  prompt_tokens_details: { cached_tokens: counts.cacheRead },
  completion_tokens_details: { reasoning_tokens: counts.reasoning * choices },
});
