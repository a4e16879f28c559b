import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toolCallIds } from './request-tool-call-ids.ts';

test.each([
  ['at-most-40', /^.{0,40}$/su],
  ['nine-alphanumeric', /^[A-Za-z0-9]{9}$/],
] as const)('ids %s: all are taken, the same for the same, no two alike, and those that are right stay', (format, isTaken) => {
  const anyId = fc.oneof(fc.string(), fc.string({ minLength: 41, maxLength: 99 }), fc.stringMatching(/^[a-f0-9]{9}$/));
  fc.assert(
    fc.property(fc.uniqueArray(anyId), (ids) => {
      const idOf = toolCallIds(format, ids);
      const given = ids.map(idOf);
      expect(new Set(given).size).toBe(ids.length);
      expect(ids.map(idOf)).toEqual(given);
      for (const [index, id] of given.entries()) {
        expect(id).toMatch(isTaken);
        if (isTaken.test(ids[index] ?? '')) expect(id).toBe(ids[index]);
      }
    }),
  );
});

test('a made id that another call has already is not given twice', () => {
  const made = toolCallIds('nine-alphanumeric', ['a'])('a');
  const idOf = toolCallIds('nine-alphanumeric', ['a', made]);
  expect(idOf(made)).toBe(made);
  expect(idOf('a')).not.toBe(made);
});
