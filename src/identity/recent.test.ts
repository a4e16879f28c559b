import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

test('forgets what was not used for longest', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.get('a');
  recent.set('c', 3);
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, undefined, 3]);
});

test('a value that is set anew counts once', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('a', 2);
  recent.set('b', 3);
  expect([recent.get('a'), recent.get('b'), recent.size]).toEqual([2, 3, 2]);
});
