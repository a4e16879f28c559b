/** The ratio of two sums in which what came earlier counts less. */
export interface DecayingRatio {
  /** Adds to both sums. */
  add(amount: number, per: number, at: number): void;
  /** Undefined where nothing was added. */
  value(): number | undefined;
}

/** What was added `halfLifeMs` before the last addition counts half. */
export function createDecayingRatio(halfLifeMs: number): DecayingRatio {
  let amounts = 0;
  let pers = 0;
  let last = -Infinity;
  return {
    add(amount, per, at) {
      const kept = 0.5 ** (Math.max(at - last, 0) / halfLifeMs);
      amounts = amounts * kept + amount;
      pers = pers * kept + per;
      last = Math.max(last, at);
    },
    value: () => (pers > 0 ? amounts / pers : undefined),
  };
}
