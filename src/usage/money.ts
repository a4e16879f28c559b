const nanosPerDollar = 1_000_000_000n;

/** Nano-dollars as exact dollars: at least the cents, then as many digits as there are, such as `-0.50` or `12.000000125`. */
export function dollarsOf(nanos: bigint): string {
  const amount = nanos < 0n ? -nanos : nanos;
  const fraction = (amount % nanosPerDollar).toString().padStart(9, '0');
  return `${nanos < 0n ? '-' : ''}${amount / nanosPerDollar}.${fraction.slice(0, 2)}${fraction.slice(2).replace(/0+$/, '')}`;
}

/** Dollars as people write them, such as `250`, `250.00` or `-0.5`, in nano-dollars; undefined for what is none, or finer than those. */
export function nanosOf(dollars: string): bigint | undefined {
  const [, sign, whole, fraction = ''] = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(dollars) ?? [];
  if (whole === undefined) return undefined;
  const nanos = BigInt(whole) * nanosPerDollar + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' ? -nanos : nanos;
}
