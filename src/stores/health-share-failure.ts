import type { HealthShareEvent } from './health-share.ts';
import { StoreError } from './store.ts';

/** Tells when sharing begins to fail and when it works again, each once. */
export interface ShareFailure {
  failed(error: unknown): void;
  worked(): void;
}

/** `store` names what cannot be used, without credentials, and `mend` says what to do about it. */
export function createShareFailure(store: string, mend: string, onEvent: (event: HealthShareEvent) => void): ShareFailure {
  let isFailing = false;
  return {
    failed(error) {
      if (isFailing) return;
      isFailing = true;
      const reason = error instanceof Error ? error.message : String(error);
      onEvent({ type: 'share-failed', error: new StoreError(`${store} cannot be used (${reason}). ${consequence} ${mend}`, error) });
    },
    worked() {
      if (isFailing) onEvent({ type: 'share-recovered' });
      isFailing = false;
    },
  };
}

const consequence = 'Until it can, each gateway finds out for itself which deployments are to rest.';
