/** Pieces of JSON text. */
type Pieces = readonly (string | number)[];

/**
 * Writes JSON that differs in one string alone, as the deltas of a stream do: what stands before and after it is put together once.
 * By `join`, which copies: a text made with `+` is a tree of its pieces, which would be walked with every delta.
 */
export function aroundText(before: Pieces, after: Pieces): (text: string) => string {
  const [head, tail] = [before.join(''), after.join('')];
  return (text) => head + JSON.stringify(text) + tail;
}
