/** How far the two clocks may part, in milliseconds: more than the one that counts whole milliseconds is behind anyway. */
const tolerance = 2;

/**
 * Milliseconds since 1970 with their fractions. `elapsed` counts fractions, but knows nothing of a machine that slept or a system clock that was set;
 * so where it has parted from `wall`, which counts whole milliseconds, it is set anew.
 */
export function createClock(wall: () => number, elapsed: () => number): () => number {
  let origin = wall() - elapsed();
  return () => {
    const whole = wall();
    const precise = origin + elapsed();
    if (Math.abs(precise - whole) <= tolerance) return precise;
    origin += whole - precise;
    return whole;
  };
}
