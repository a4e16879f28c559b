import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64Floats, toBase64Floats } from './float32.ts';

test('floats of 32 bits are exact both ways, as a platform writes them', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true })), (vector) => {
      const text = toBase64Floats(vector);
      expect(text).toBe(Buffer.from(Float32Array.from(vector).buffer).toString('base64'));
      expect(fromBase64Floats(text)).toEqual(vector);
    }),
  );
});

test('a vector of known bytes', () => {
  expect(toBase64Floats([1, -2, 0.5])).toBe('AACAPwAAAMAAAAA/');
  expect(fromBase64Floats('AACAPwAAAMAAAAA/')).toEqual([1, -2, 0.5]);
});

test('other numbers become the nearest that 32 bits hold', () => {
  expect(fromBase64Floats(toBase64Floats([0.1]))).toEqual([Math.fround(0.1)]);
});
