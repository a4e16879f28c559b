import type { Priority } from './fair-queue.ts';
import type { Gate, Ticket } from './gate.ts';

/** Who wants to come in. */
export interface Entrant {
  tenant: string;
  priority: Priority;
  /** Aborted when nobody is there any more to come in. */
  signal?: AbortSignal | undefined;
  /** How long it waits, in milliseconds, where that is not as long as the queue lets it; 0 not to wait. */
  waitMs?: number | undefined;
}

export interface Clock {
  /** Milliseconds, of any origin. */
  now(): number;
  /** Runs something once after so many milliseconds; what it returns calls that off. Node's timers where absent. */
  after?(ms: number, run: () => void): () => void;
}

/** How a wait ends that no gate ended. */
interface Ends {
  waitMs: number;
  /** The error of who has waited that long. */
  waited(): Error;
  abandoned(): void;
}

/** Waits at several gates for whichever has room first. */
export function waitAt(
  gates: readonly Gate[],
  { tenant, priority, signal }: Entrant,
  { waitMs, waited, abandoned }: Ends,
  clock: Clock,
): Promise<Ticket> {
  const { now, after = timer } = clock;
  const { promise, resolve, reject } = Promise.withResolvers<Ticket>();
  const startedAt = now();
  const waiter = {
    admit(gate: Gate): void {
      leave();
      gate.waited(now() - startedAt);
      resolve(gate.enter());
    },
  };
  const places = gates.map((gate) => ({ gate, place: gate.queue.add(tenant, priority, waiter) }));
  const callOff = after(waitMs, () => {
    leave();
    reject(waited());
  });
  signal?.addEventListener('abort', hangUp);

  function hangUp(): void {
    leave();
    abandoned();
    reject(reasonOf(signal));
  }

  function leave(): void {
    for (const { gate, place } of places) gate.queue.remove(place);
    callOff();
    signal?.removeEventListener('abort', hangUp);
  }

  return promise;
}

/** Why somebody left, as an error. */
const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error('The client has hung up.', { cause: signal?.reason });

function timer(ms: number, run: () => void): () => void {
  const timeout = setTimeout(run, ms);
  return () => clearTimeout(timeout);
}
