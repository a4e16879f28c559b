/** Nano-dollars for people, never less than they are: cents from one dollar up, millionths below. For what something costs. */
export function dollarsUp(nanos: bigint): string {
  const step = stepFor(nanos);
  return inDollars(((nanos + step - 1n) / step) * step);
}

/** The same, never more than they are, and zero for what is negative. For what is left. */
export function dollarsDown(nanos: bigint): string {
  const atLeastNone = nanos < 0n ? 0n : nanos;
  const step = stepFor(atLeastNone);
  return inDollars((atLeastNone / step) * step);
}

const nanosPerDollar = 1_000_000_000n;

const stepFor = (nanos: bigint): bigint => (nanos >= nanosPerDollar ? 10_000_000n : 1000n);

/** Whole dollars with commas, then at least the cents, then as many digits as there are. */
function inDollars(nanos: bigint): string {
  const dollars = (nanos / nanosPerDollar).toLocaleString('en-US');
  const fraction = (nanos % nanosPerDollar).toString().padStart(9, '0');
  return `$${dollars}.${fraction.slice(0, 2)}${fraction.slice(2).replace(/0+$/, '')}`;
}
