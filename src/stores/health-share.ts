import type { HealthChange } from '../routing/health/change.ts';
import type { StoreError } from './store.ts';

/**
 * How gateways tell each other which deployments rest. What one publishes, the others hear within a second, and one that starts later hears how things stand.
 * Nobody waits for it: while the store is down, each goes by what it knows, and what has changed is told when the store is back.
 */
export interface HealthShare {
  /** Tells the others. Never throws; of several changes of one thing, they may hear the last one only. */
  publish(change: HealthChange): void;
  /** Lets go of the store, after a last try to tell what has not been told. Nothing is heard from then on. */
  close(): Promise<void>;
}

export interface HealthShareOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Hears of a change that others published, if no later one of the same thing is known. */
  onChange: (change: HealthChange) => void;
  onEvent: (event: HealthShareEvent) => void;
}

/** Told once when sharing begins to fail, and once when it works again. */
export type HealthShareEvent = { type: 'share-failed'; error: StoreError } | { type: 'share-recovered' };

/** How long a change is worth telling, in milliseconds: no rest is longer that anybody still needs to hear of. */
export const shareForMs = 3_600_000;
