/** The numbers that bytes in base64 stand for, four bytes each, least significant first: how OpenAI and Cohere write vectors in short. */
export function fromBase64Floats(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
}

/** A vector in base64. Numbers lose what a float of 32 bits cannot hold; those that came as such are exact. */
export function toBase64Floats(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString('base64');
}
