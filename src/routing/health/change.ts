import type { Rest } from './rest.ts';
import type { RestReason } from './standing.ts';

/** A rest that began or ended, as processes tell each other; plain JSON. */
export interface HealthChange {
  /** `breaker`: of a deployment. `set-aside`: of a deployment or a whole account. */
  kind: 'breaker' | 'set-aside';
  /** Of the deployment or the account; only the former has a slash in it. */
  id: string;
  /** Absent where the rest is over. */
  reason?: RestReason;
  /** End of the rest, in milliseconds since 1970; 0 where it is over. */
  untilMs: number;
  /** How many rests came in a row before it. */
  level: number;
  /** When it happened, in milliseconds since 1970. Of two changes of one thing the later one counts, of two at once the one whose `by` is greater. */
  at: number;
  /** Name of the process where it happened. */
  by: string;
}

/** What is worth a line in the log: once per rest, not per request, and in the process where it happened. */
export type HealthEvent =
  | { type: 'rest-began'; kind: HealthChange['kind']; id: string; reason: RestReason; untilMs: number }
  | { type: 'rest-ended'; kind: HealthChange['kind']; id: string; reason: RestReason };

/** What tells a thing that changes from others. */
export const changeKey = ({ kind, id }: Pick<HealthChange, 'kind' | 'id'>): string => `${kind}:${id}`;

/** Whether a change counts over another one of the same thing. */
export const isLater = (change: Pick<HealthChange, 'at' | 'by'>, other: Pick<HealthChange, 'at' | 'by'> | undefined): boolean =>
  other === undefined || change.at > other.at || (change.at === other.at && change.by > other.by);

/**
 * The rest that a change of another process means here. A clock ahead of ours makes it no longer than it was meant to be.
 * It ends up to a tenth later than there, so that mostly one process probes, and tells the others.
 */
export function restFrom({ reason, untilMs, level, at }: HealthChange, now: number, random: () => number): Rest | undefined {
  if (reason === undefined) return undefined;
  const lengthMs = Math.max(untilMs - at, 0);
  return { reason, since: now, untilMs: Math.min(untilMs, now + lengthMs) + 0.1 * lengthMs * random(), level, probeSince: undefined };
}

const reasons: ReadonlySet<unknown> = new Set<RestReason>(['failing', 'slow', 'limited', 'out-of-money', 'refused']);

/** Reads a change that came from elsewhere; undefined for what is none. */
export function readChange(text: string): HealthChange | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isChange(value) ? value : undefined;
}

function isChange(value: unknown): value is HealthChange {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, id, reason, untilMs, level, at, by }: Partial<Record<keyof HealthChange, unknown>> = value;
  return (
    (kind === 'breaker' || kind === 'set-aside') &&
    typeof id === 'string' &&
    typeof by === 'string' &&
    (reason === undefined || reasons.has(reason)) &&
    [untilMs, level, at].every((number) => Number.isFinite(number) && Number(number) >= 0)
  );
}
