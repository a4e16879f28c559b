import { readMoment } from './moment.ts';

/** The three headers in which a vendor tells of one of its limits. */
interface LimitNames {
  limit: string;
  remaining: string;
  reset: string;
}

const afterLimit = (prefix: string, kind: string): LimitNames => ({
  limit: `${prefix}-limit${kind}`,
  remaining: `${prefix}-remaining${kind}`,
  reset: `${prefix}-reset${kind}`,
});

const afterKind = (prefix: string, kind: string): LimitNames => ({
  limit: `${prefix}-${kind}-limit`,
  remaining: `${prefix}-${kind}-remaining`,
  reset: `${prefix}-${kind}-reset`,
});

/** What is known to be sent, by whom. One that nobody lists here is not looked at, so what is kept stays small. */
const known: readonly LimitNames[] = [
  // OpenAI, Azure, Groq, xAI and most that follow them: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
  ...['-requests', '-tokens', '-project-requests', '-project-tokens'].map((kind) => afterLimit('x-ratelimit', kind)),
  // Mistral, and Cerebras: https://inference-docs.cerebras.ai/support/rate-limits
  ...['-req-minute', '-requests-minute', '-requests-hour', '-requests-day', '-tokens-minute', '-tokens-hour', '-tokens-day', '-tokens-month'].map(
    (kind) => afterLimit('x-ratelimit', kind),
  ),
  // Fireworks: https://docs.fireworks.ai/serverless/rate-limits
  ...['-tokens-prompt', '-tokens-cache-adjusted-prompt', '-tokens-generated'].map((kind) => afterLimit('x-ratelimit', kind)),
  // Anthropic: https://docs.anthropic.com/en/api/rate-limits#response-headers
  ...['requests', 'tokens', 'input-tokens', 'output-tokens', 'priority-input-tokens', 'priority-output-tokens'].map((kind) =>
    afterKind('anthropic-ratelimit', kind),
  ),
  // OpenRouter, Together and vendors of few limits: https://docs.together.ai/docs/rate-limits
  ...['x-ratelimit', 'x-tokenlimit', 'ratelimit', 'ratelimitbysize'].map((prefix) => afterLimit(prefix, '')),
];

/** When to come back, the more precise first. Azure sends the first of them. */
const retryAfterMs = 'retry-after-ms';
const retryAfter = 'retry-after';

/** All headers that say something of a provider's limits, in lower case. */
export const limitHeaders: readonly string[] = [
  retryAfter,
  retryAfterMs,
  ...known.flatMap(({ limit, remaining, reset }) => [limit, remaining, reset]),
];

/** Where a limit is told without the time of its reset. Most count by the minute. */
const usualResetMs = 60_000;

/** How far one of a vendor's limits is used up. */
export interface Limit {
  /** Tells it from the vendor's other limits. */
  name: string;
  /** What is left of it, 0 to 1. */
  share: number;
  /** When all of it is there again, in milliseconds since 1970. */
  resetsAt: number;
}

/** Reads what an answer's headers, by lower-case name, tell of limits. Azure writes -1 where it has none. */
export function readLimits(headers: ReadonlyMap<string, string>, now: number): Limit[] {
  const limits: Limit[] = [];
  for (const names of known) {
    const limit = readCount(headers.get(names.limit));
    const remaining = readCount(headers.get(names.remaining));
    if (limit === undefined || limit === 0 || remaining === undefined) continue;
    const resetsAt = readMoment(headers.get(names.reset) ?? '', now) ?? now + usualResetMs;
    limits.push({ name: names.limit, share: Math.min(remaining / limit, 1), resetsAt });
  }
  return limits;
}

/** A count that makes sense; undefined for anything else. */
function readCount(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const count = Number(text);
  return Number.isFinite(count) && count >= 0 ? count : undefined;
}

/** How long a refused request is to wait, in milliseconds: as the headers say, or else until the limits that are used up are there again. Undefined where they do not tell. */
export function readWait(headers: ReadonlyMap<string, string>, now: number): number | undefined {
  const ms = readCount(headers.get(retryAfterMs));
  if (ms !== undefined) return ms;
  const moment = readMoment(headers.get(retryAfter) ?? '', now);
  if (moment !== undefined) return Math.max(moment - now, 0);
  const spent = readLimits(headers, now).filter(({ share, name }) => share === 0 && isResetTold(headers, name));
  return spent.length === 0 ? undefined : Math.max(...spent.map(({ resetsAt }) => resetsAt - now), 0);
}

const isResetTold = (headers: ReadonlyMap<string, string>, name: string): boolean =>
  known.some(({ limit, reset }) => limit === name && headers.has(reset));
