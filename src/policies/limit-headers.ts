import type { Quotas, Standing } from '../quotas/quotas.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { Meter } from './meters.ts';

type Header = readonly [name: string, value: string];

/**
 * What is left of a caller's limits, as the vendors' SDKs and their users know it: `x-ratelimit-*` in OpenAI's form
 * (https://platform.openai.com/docs/guides/rate-limits), and for Anthropic's clients `anthropic-ratelimit-*` too (https://docs.claude.com/en/api/rate-limits).
 * Of several limits of one thing, that of which the least share is left.
 */
export function limitHeaders(protocol: ProtocolName, meters: readonly Meter[], quotas: Pick<Quotas, 'standing'>, now: number): Header[] {
  const headers: Header[] = [];
  for (const thing of ['requests', 'tokens'] as const) {
    const standing = tightest(thing, meters, quotas, now);
    if (standing === undefined) continue;
    const { limit, left, fullInMs } = standing;
    headers.push(
      [`x-ratelimit-limit-${thing}`, String(limit)],
      [`x-ratelimit-remaining-${thing}`, String(left)],
      [`x-ratelimit-reset-${thing}`, goDuration(fullInMs)],
    );
    if (protocol === 'anthropic-messages') {
      headers.push(
        [`anthropic-ratelimit-${thing}-limit`, String(limit)],
        [`anthropic-ratelimit-${thing}-remaining`, String(left)],
        [`anthropic-ratelimit-${thing}-reset`, new Date(now + fullInMs).toISOString()],
      );
    }
  }
  return headers;
}

function tightest(of: 'requests' | 'tokens', meters: readonly Meter[], quotas: Pick<Quotas, 'standing'>, now: number): Standing | undefined {
  let found: Standing | undefined;
  for (const meter of meters) {
    if (meter.of !== of) continue;
    const standing = quotas.standing(meter.quota(now));
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
