import { expect, test } from 'vitest';
import { createConfigStatus } from './reload-status.ts';

test('the status says what is in force since when, and why the last change is not', () => {
  let time = Date.UTC(2026, 0, 1);
  const status = createConfigStatus('aaaaaaaaaaaa', () => time);
  const start = { hash: 'aaaaaaaaaaaa', number: 1, loadedAt: '2026-01-01T00:00:00.000Z' };
  expect(status.report()).toEqual(start);

  time += 1000;
  status.refused(['line 3 is wrong']);
  expect(status.report()).toEqual({ ...start, lastError: { at: '2026-01-01T00:00:01.000Z', problems: ['line 3 is wrong'] } });

  status.unchanged();
  expect(status.report()).toEqual(start);

  status.refused(['line 3 is wrong again']);
  status.applied({ hash: 'bbbbbbbbbbbb', number: 2 });
  expect(status.report()).toEqual({ hash: 'bbbbbbbbbbbb', number: 2, loadedAt: '2026-01-01T00:00:01.000Z' });
  expect(status.counts).toEqual({ applied: 1, refused: 2, unchanged: 1 });
});
