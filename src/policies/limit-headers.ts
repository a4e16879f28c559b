import type { Quotas, Standing } from '../quotas/quotas.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { Quota } from '../stores/quota.ts';
import type { Header } from './policy.ts';

/** What of a caller's limits clients are told, by what it limits. */
export type ShownLimits = Readonly<Record<'requests' | 'tokens', readonly Quota[]>>;

/**
 * What is left of a caller's limits, as the vendors' SDKs and their users know it: `x-ratelimit-*` in OpenAI's form
 * (https://platform.openai.com/docs/guides/rate-limits), and for Anthropic's clients `anthropic-ratelimit-*` too (https://docs.claude.com/en/api/rate-limits).
 * Of several limits of one thing, that of which the least share is left.
 */
export function limitHeaders(protocol: ProtocolName, shown: ShownLimits, quotas: Pick<Quotas, 'standing'>, now: number): Header[] {
  const headers: Header[] = [];
  for (const thing of ['requests', 'tokens'] as const) {
    const standing = tightest(shown[thing], quotas);
    if (standing === undefined) continue;
    const { openai, anthropic } = names[thing];
    const [limit, left] = [String(standing.limit), String(standing.left)];
    headers.push([openai.limit, limit], [openai.left, left], [openai.full, goDuration(standing.fullInMs)]);
    if (protocol === 'anthropic-messages') {
      const fullAt = new Date(now + standing.fullInMs).toISOString();
      headers.push([anthropic.limit, limit], [anthropic.left, left], [anthropic.full, fullAt]);
    }
  }
  return headers;
}

/** Names of headers, which no request has to put together. */
const names = {
  requests: {
    openai: { limit: 'x-ratelimit-limit-requests', left: 'x-ratelimit-remaining-requests', full: 'x-ratelimit-reset-requests' },
    anthropic: {
      limit: 'anthropic-ratelimit-requests-limit',
      left: 'anthropic-ratelimit-requests-remaining',
      full: 'anthropic-ratelimit-requests-reset',
    },
  },
  tokens: {
    openai: { limit: 'x-ratelimit-limit-tokens', left: 'x-ratelimit-remaining-tokens', full: 'x-ratelimit-reset-tokens' },
    anthropic: {
      limit: 'anthropic-ratelimit-tokens-limit',
      left: 'anthropic-ratelimit-tokens-remaining',
      full: 'anthropic-ratelimit-tokens-reset',
    },
  },
} as const;

/** Of several quotas, that of which the least share is left. */
function tightest(shown: readonly Quota[], quotas: Pick<Quotas, 'standing'>): Standing | undefined {
  let found: Standing | undefined;
  for (const quota of shown) {
    const standing = quotas.standing(quota);
    if (standing !== undefined && (found === undefined || standing.left * found.limit < found.left * standing.limit)) found = standing;
  }
  return found;
}

/** A time as OpenAI writes it: `120ms`, `1.5s`, `6m0s`, `1h2m3s`. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(3))}s`;
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return `${hours > 0 ? `${hours}h` : ''}${minutes}m${whole % 60}s`;
}
