/** What is known of how a classifier fares: keeps questions from one that is down or has more to do than it can. */
export interface ClassifierLoad {
  /** Lets one question through, which `ended` ends; else the reason why none may be asked. `now` is in milliseconds since 1970. */
  admit(now: number): 'admitted' | 'busy' | 'resting';
  /** Ends a question; `wasGood` is undefined where it says nothing of the service. */
  ended(wasGood: boolean | undefined, now: number): void;
}

/** Failures in a row after which a service is left alone. */
const mostFailures = 3;

/** How long it is left alone, in milliseconds. One question then tries whether it is back. */
const restMs = 10_000;

/** Most questions under way. */
const mostUnderWay = 32;

/** A classifier that nobody has asked yet. */
export function createClassifierLoad(): ClassifierLoad {
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
    ended(wasGood, now) {
      underWay--;
      if (wasGood === true) failures = 0;
      if (wasGood === false) [failures, failedAt] = [failures + 1, now];
    },
  };
}
