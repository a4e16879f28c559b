/**
 * All items of some weight in random order: each next one is drawn by its share of the weight that is left.
 * `random` yields numbers from 0 up to 1.
 */
export function drawAll<Item>(items: readonly Item[], weightOf: (item: Item) => number, random: () => number): Item[] {
  const left = items.filter((item) => weightOf(item) > 0);
  const drawn: Item[] = [];
  while (left.length > 0) {
    let point = random() * left.reduce((sum, item) => sum + weightOf(item), 0);
    const index = left.findIndex((item) => (point -= weightOf(item)) < 0);
    drawn.push(...left.splice(index, 1)); // rounding may leave a point beyond the last one: -1 is that one
  }
  return drawn;
}
