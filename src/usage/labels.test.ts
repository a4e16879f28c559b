import { expect, test } from 'vitest';
import { createLabelBound, labelsOf } from './labels.ts';

const headers = (of: Record<string, string>): Map<string, string> => new Map(Object.entries(of));

test('labels come from headers and from metadata, and headers win', () => {
  const { labels, warnings } = labelsOf(headers({ 'x-remora-label-team': ' search ', 'x-other': 'x' }), { team: 'ads', 'cost-center': '42' });
  expect(labels).toEqual({ team: 'search', 'cost-center': '42' });
  expect(warnings).toEqual([]);
});

test('there are at most eight, headers first', () => {
  const many = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`m${index}`, 'x']));
  const { labels, warnings } = labelsOf(headers({ 'x-remora-label-team': 'a' }), many);
  expect(Object.keys(labels)).toEqual(['team', 'm0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
  expect(warnings).toEqual([]); // metadata may be somebody else's
  const nine = headers(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`x-remora-label-h${index}`, 'x'])));
  expect(labelsOf(nine).warnings).toEqual([{ field: 'x-remora-label-h8', detail: 'is dropped: a request has 8 labels at most' }]);
});

test.each([
  ['x-remora-label-', 'x', 'names have 1 to 32 of a-z 0-9 _ -'],
  ['x-remora-label-a.b', 'x', 'names have 1 to 32 of a-z 0-9 _ -'],
  [`x-remora-label-${'n'.repeat(33)}`, 'x', 'names have 1 to 32 of a-z 0-9 _ -'],
  ['x-remora-label-team', 'v'.repeat(65), 'values have 1 to 64 characters that can be printed'],
  ['x-remora-label-team', '', 'values have 1 to 64 characters that can be printed'],
  ['x-remora-label-team', 'a\tb', 'values have 1 to 64 characters that can be printed'],
  ['x-remora-label-team', 'a\u200bb', 'values have 1 to 64 characters that can be printed'],
])('a header %s: %j is dropped, and the warning says why', (name, value, reason) => {
  expect(labelsOf(headers({ [name]: value }))).toEqual({ labels: {}, warnings: [{ field: name.slice(0, 47), detail: `is dropped: ${reason}` }] });
});

test('values may be of any script, counted in characters', () => {
  const value = '検索🐟'.repeat(16);
  expect(labelsOf(headers({ 'x-remora-label-team': value.slice(0, 10) })).labels).toEqual({ team: value.slice(0, 10) });
});

test('names that objects have of themselves are names like any other', () => {
  const { labels } = labelsOf(headers({ 'x-remora-label-__proto__': 'a', 'x-remora-label-constructor': 'b' }));
  expect(Object.entries(labels)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
  expect(Object.entries(createLabelBound({ maxValues: 1 })('t', labels))).toEqual(Object.entries(labels));
});

test('beyond the bound a new value is `other`, and a known one stays itself', () => {
  const bound = createLabelBound({ maxValues: 2 });
  expect(['a', 'b', 'c', 'a'].map((team) => bound('t', { team })['team'])).toEqual(['a', 'b', 'other', 'a']);
  expect(bound('u', { team: 'c' })).toEqual({ team: 'c' }); // each tenant for itself
  expect(bound('t', { app: 'c' })).toEqual({ app: 'c' }); // each name for itself
});

test('names are bounded as well, and so are the values of all together', () => {
  const names = createLabelBound({ maxValues: 10, maxNames: 1 });
  expect(names('t', { a: '1', b: '2' })).toEqual({ a: '1' });
  const all = createLabelBound({ maxValues: 10, maxTotal: 1 });
  expect([all('t', { a: '1' }), all('u', { a: '2' }), all('t', { a: '1' })]).toEqual([{ a: '1' }, { a: 'other' }, { a: '1' }]);
});
