/** A clock for tests that goes only where it is told to. */
export interface TestClock {
  now: () => number;
  /** Goes on by some milliseconds. */
  pass(ms: number): void;
}

/** Starts at noon of 15 November 2026. */
export function testClock(): TestClock {
  let at = Date.UTC(2026, 10, 15, 12);
  return {
    now: () => at,
    pass(ms) {
      at += ms;
    },
  };
}
