import { expect, test } from 'vitest';
import { goDuration } from './limit-headers.ts';

test.each([
  [0, '0ms'],
  [119.2, '120ms'],
  [1500, '1.5s'],
  [59_999, '59.999s'],
  [360_000, '6m0s'],
  [3_723_400, '1h2m4s'],
])('%s ms are written as OpenAI does: %s', (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});
