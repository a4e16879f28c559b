import { changeKey, isLater, type HealthChange } from './change.ts';
import { keepMs, maxEntries } from './knowledge.ts';
import { createRecent } from './recent.ts';
import type { OnRest, Rest } from './rest.ts';

/** Knows the last change of each thing, and so which change counts. */
export interface ChangeLog {
  /** Makes a change of what happened here. It counts over all that is known, even where our clock is behind the others'. */
  happened(kind: HealthChange['kind'], id: string, news: Parameters<OnRest>[0], rest: Rest): HealthChange;
  /** Whether a change of another process counts over what is known. It is known from then on. */
  counts(change: HealthChange): boolean;
}

export interface ChangeLogOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Name of this process. */
  by: string;
}

/** An empty one. */
export function createChangeLog({ now, by }: ChangeLogOptions): ChangeLog {
  const last = createRecent<{ change: Pick<HealthChange, 'at' | 'by'> }>({
    create: () => ({ change: { at: -Infinity, by: '' } }),
    now,
    keepMs,
    maxEntries: 3 * maxEntries, // a breaker and a place to be set aside per deployment, and the accounts
  });
  return {
    happened(kind, id, news, rest) {
      const entry = last.of(changeKey({ kind, id }));
      const at = Math.max(now(), entry.change.at + 1);
      entry.change = { at, by };
      const { reason, untilMs, level } = rest;
      return news === 'over' ? { kind, id, untilMs: 0, level, at, by } : { kind, id, reason, untilMs, level, at, by };
    },
    counts(change) {
      const entry = last.of(changeKey(change));
      if (change.by === by || !isLater(change, entry.change)) return false;
      entry.change = { at: change.at, by: change.by };
      return true;
    },
  };
}
