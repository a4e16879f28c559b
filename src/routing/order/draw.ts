/**
 * All items of some weight in random order: each next one is drawn by its share of the weight that is left.
 * `random` yields numbers from 0 up to 1.
 */
export function drawAll<Item>(items: readonly Item[], weightOf: (item: Item) => number, random: () => number): Item[] {
  const left = items.map((item) => ({ item, weight: weightOf(item) })).filter(({ weight }) => weight > 0);
  const drawn: Item[] = [];
  while (left.length > 0) {
    let point = random() * left.reduce((sum, { weight }) => sum + weight, 0);
    const index = left.findIndex(({ weight }) => (point -= weight) < 0);
    for (const { item } of left.splice(index, 1)) drawn.push(item); // rounding may leave a point beyond the last one: -1 is that one
  }
  return drawn;
}
