import { expect, test } from 'vitest';
import { CallIds } from './request-call-ids.ts';

test('calls without an id get one that nobody else has, and their responses find them by name, in order', () => {
  const ids = new CallIds(['call_2']);
  expect([ids.idOf(undefined, 'a'), ids.idOf(undefined, 'b'), ids.idOf('', 'a')]).toEqual(['call_1', 'call_3', 'call_4']);
  expect([ids.answered(undefined, 'b'), ids.answered(undefined, 'a'), ids.answered(undefined, 'a')]).toEqual(['call_3', 'call_1', 'call_4']);
});

test('ids of the client stay; a response without one answers the first call of its name', () => {
  const ids = new CallIds(['x', 'y']);
  expect([ids.idOf('x', 'a'), ids.idOf('y', 'a')]).toEqual(['x', 'y']);
  expect([ids.answered('y', 'a'), ids.answered(undefined, 'a')]).toEqual(['y', 'x']);
});

test('an id that stands twice is one call’s alone', () => {
  const ids = new CallIds(['x']);
  expect([ids.idOf('x', 'a'), ids.answered('x', 'a'), ids.idOf('x', 'a'), ids.answered('x', 'a')]).toEqual(['x', 'x', 'call_1', 'call_1']);
});

test('a response with an id of its own answers a call that has none; one to nothing keeps its id', () => {
  const ids = new CallIds(['made-up']);
  expect(ids.idOf(undefined, 'a')).toBe('call_1');
  expect(ids.answered('made-up', 'a')).toBe('call_1');
  expect(ids.answered('made-up', 'a')).toBe('made-up');
  expect(ids.answered(undefined, 'a')).toBe('call_2');
});
