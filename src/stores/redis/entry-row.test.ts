import { expect, test } from 'vitest';
import { entry } from '../store.fixture.ts';
import { fromRow, toRow } from './entry-row.ts';

test('what few entries have is kept only of those', () => {
  const plain = entry();
  const full = entry({ usage: { ...plain.usage, cacheWriteTokens: 3, cacheWrite1hTokens: 2, serviceTier: 'flex' } });
  const usageIn = (text: string): unknown => (JSON.parse(text) as unknown[])[7];
  expect([plain, full].map((each) => usageIn(toRow(each)))).toEqual([
    [10, 0, 0, 0, 5, 0, 0],
    [10, 0, 3, 0, 5, 0, 0, 2, 'flex'],
  ]);
  expect([plain, full].map((each) => fromRow(each.id, toRow(each)))).toEqual([plain, full]);
});
