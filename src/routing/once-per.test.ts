import { expect, test } from 'vitest';
import { oncePer } from './once-per.ts';

test('a value is worked out once for each object, whatever the object is like', () => {
  const asked: object[] = [];
  const numberOf = oncePer((of: object) => asked.push(of));
  const [one, alike] = [{ name: 'a' }, { name: 'a' }];
  expect([numberOf(one), numberOf(alike), numberOf(one), numberOf(alike)]).toEqual([1, 2, 1, 2]);
});
