import { UserError } from './user-error.ts';

/** What a command that runs for long hears from those who want it to stop. */
export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal, which asks to stop. */
  readonly first: Promise<void>;
  /** Resolves with the second one, which insists. */
  readonly second: Promise<void>;
  /** Is such a signal itself. */
  hear(): void;
  /** Ends the listening. */
  release(): void;
}

/** Listens for SIGINT and SIGTERM. */
export function listenForSignals(): Interrupt {
  const abort = new AbortController();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const hear = (): void => {
    if (abort.signal.aborted) second.resolve();
    abort.abort(new UserError('stopped'));
    first.resolve();
  };
  process.on('SIGINT', hear).on('SIGTERM', hear);
  return {
    signal: abort.signal,
    first: first.promise,
    second: second.promise,
    hear,
    release: () => void process.off('SIGINT', hear).off('SIGTERM', hear),
  };
}
