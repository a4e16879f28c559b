import { expect, test } from 'vitest';
import { processCount } from './process-count.ts';

test.each([
  ['1', 1],
  ['64', 64],
])('%s are %i processes', (text, count) => {
  expect(processCount(text)).toBe(count);
});

test.each(['0', '65', '-1', '1.5', '', 'two', '1e1', '٣'])('"%s" is refused in a sentence', (text) => {
  expect(() => processCount(text)).toThrow(`--processes takes a whole number from 1 to 64, not "${text}".`);
});
