import type { Transactions } from './transactions.ts';

/** Work that is done now and then, off the path of requests. */
export interface Upkeep {
  stop(): void;
}

/** `step` does a part of the work in a transaction, and says whether there is more. Where it fails, the next try is soon enough. Its timer keeps no process alive. */
export function createUpkeep(transactions: Transactions, step: () => boolean): Upkeep {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  function schedule(delayMs: number): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      void transactions.write(step).then(
        (isMore) => schedule(isMore ? betweenStepsMs : intervalMs),
        () => schedule(intervalMs),
      );
    }, delayMs).unref();
  }

  schedule(intervalMs);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** How often there is upkeep, in milliseconds. */
export const intervalMs = 60_000;
/** Time for others between two steps, in milliseconds. */
const betweenStepsMs = 50;
