/** Failures that the body of an answer told before the outcome of the attempt came, so that none counts twice. */
export interface ToldFailures {
  told(): void;
  /** Whether an outcome that comes now is of a failure told before, which is used up by it. */
  takesOutcome(): boolean;
}

/** An outcome comes soon after the end of its answer, or never (milliseconds). */
const patienceMs = 10_000;

/** `now` is in milliseconds since 1970. */
export function createToldFailures(now: () => number): ToldFailures {
  let waiting = 0;
  let toldAt = -Infinity;
  return {
    told() {
      waiting = now() - toldAt > patienceMs ? 1 : waiting + 1;
      toldAt = now();
    },
    takesOutcome() {
      if (waiting === 0 || now() - toldAt > patienceMs) return false;
      waiting -= 1;
      return true;
    },
  };
}
