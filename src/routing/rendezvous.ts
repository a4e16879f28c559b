/**
 * A 32-bit hash of a text: MurmurHash3, fed with UTF-16 code units. Fast and well mixed, but no secret: whoever knows it can find texts that collide.
 * A `seed` that is itself a hash ties texts together: `hashText(b, hashText(a))` tells ("x", "yz") from ("xy", "z").
 */
export function hashText(text: string, seed = 0): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) {
    const unit = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    hash ^= Math.imul((unit << 15) | (unit >>> 17), 0x1b873593);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The item that a key belongs to, by weighted rendezvous hashing: each item gets a number made of its name and the key, and the greatest wins.
 * Items get keys by their share of the weight. A key moves only where its item goes away or loses weight, or another one comes or gains some.
 * Undefined where no item has a weight.
 */
export function rendezvous<Item>(
  items: readonly Item[],
  key: number,
  { nameOf, weightOf }: { nameOf: (item: Item) => string; weightOf: (item: Item) => number },
): Item | undefined {
  let winner: Item | undefined;
  let best = -Infinity;
  for (const item of items) {
    const weight = weightOf(item);
    if (!(weight > 0)) continue;
    const share = (hashText(nameOf(item), key) + 0.5) / 2 ** 32; // within 0 and 1, neither of them
    const score = -weight / Math.log(share); // the greatest of such numbers is an item's with a chance by its weight
    if (score > best) [winner, best] = [item, score];
  }
  return winner;
}
