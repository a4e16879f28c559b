/** US dollars as whole nano-dollars. Nine decimals are all there are, and the text of a double has them exactly where a product would round. */
export const toNanos = (dollars: number): bigint => BigInt(dollars.toFixed(9).replace('.', ''));
