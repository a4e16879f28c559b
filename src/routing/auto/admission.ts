/** Keeps requests from a service that is down or has more to do than it can. */
export interface Admission {
  /** Lets one question through, which `settle` ends; else the reason why none may be asked. `now` is in milliseconds since 1970. */
  admit(now: number): 'admitted' | 'busy' | 'resting';
  /** Ends a question; `wasGood` is undefined where it says nothing of the service. */
  settle(wasGood: boolean | undefined, now: number): void;
}

/** Failures in a row after which a service is left alone. */
const mostFailures = 3;

/** How long it is left alone, in milliseconds. One question then tries whether it is back. */
const restMs = 10_000;

/** Most questions under way. */
const mostUnderWay = 32;

/** Makes the admission to one service. */
export function createAdmission(): Admission {
  let underWay = 0;
  let failures = 0;
  let failedAt = -Infinity;
  return {
    admit(now) {
      const isDown = failures >= mostFailures;
      if (isDown && (underWay > 0 || Math.abs(now - failedAt) < restMs)) return 'resting';
      if (underWay >= mostUnderWay) return 'busy';
      underWay++;
      return 'admitted';
    },
    settle(wasGood, now) {
      underWay--;
      if (wasGood === true) failures = 0;
      if (wasGood === false) [failures, failedAt] = [failures + 1, now];
    },
  };
}
