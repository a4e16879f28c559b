import { createHash } from 'node:crypto';

/** An embedding of a text: a vector of length 1, near to those of texts with the same words. */
export function toEmbedding(text: string, dimensions: number): number[] {
  const values = new Float64Array(dimensions);
  for (const word of ['', ...(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])]) {
    const digest = createHash('sha256').update(word).digest();
    for (let at = 0; at < digest.length; at += 4) {
      const place = digest.readUInt32BE(at) % dimensions;
      values[place] = (values[place] ?? 0) + (digest.readUInt8(at) % 2 === 0 ? 1 : -1);
    }
  }
  const length = Math.hypot(...values) || 1;
  return Array.from(values, (value) => value / length);
}
