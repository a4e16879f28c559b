/** State by id, kept while it is asked for and for a while after: bounded, whoever chooses the ids. */
export interface Recent<State> {
  /** The state of an id, made where there is none. */
  of(id: string): State;
  /** The state of an id, where there is one. */
  find(id: string): State | undefined;
  /** Forgets an id. */
  drop(id: string): void;
  /** All there is, the longest unused first. */
  all(): [id: string, state: State][];
}

export interface RecentOptions<State> {
  create: (id: string) => State;
  /** Milliseconds since 1970. */
  now: () => number;
  /** How long state is kept that nobody asks for, in milliseconds. */
  keepMs: number;
  /** Beyond it, what has been unused longest is dropped. */
  maxEntries: number;
}

/** State that was used within this part of its time is not moved to the back again: it is asked for many times per request. */
const freshParts = 64;

/** An empty one. */
export function createRecent<State>({ create, now, keepMs, maxEntries }: RecentOptions<State>): Recent<State> {
  // A map keeps the order in which its keys were set, so the front is what has been unused longest.
  const entries = new Map<string, { state: State; usedAt: number }>();

  function use(id: string, state: State): State {
    entries.delete(id);
    entries.set(id, { state, usedAt: now() });
    return state;
  }

  const isOld = (usedAt: number): boolean => now() - usedAt > keepMs;

  function dropOld(): void {
    for (const [id, { usedAt }] of entries) {
      if (entries.size < maxEntries && !isOld(usedAt)) return;
      entries.delete(id);
    }
  }

  function find(id: string): State | undefined {
    const entry = entries.get(id);
    if (entry === undefined) return undefined;
    const age = now() - entry.usedAt;
    const isRoomy = entries.size < maxEntries / 2; // else the order decides what is dropped
    if (isRoomy && age < keepMs / freshParts && age >= 0) return entry.state;
    if (age <= keepMs) return use(id, entry.state);
    entries.delete(id);
    return undefined;
  }

  return {
    of(id) {
      const known = find(id);
      if (known !== undefined) return known;
      dropOld();
      return use(id, create(id));
    },
    find,
    drop: (id) => void entries.delete(id),
    all: () => [...entries].filter(([, { usedAt }]) => !isOld(usedAt)).map(([id, { state }]) => [id, state]),
  };
}
