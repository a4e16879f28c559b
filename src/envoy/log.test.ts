import { expect, test } from 'vitest';
import { readLogLine } from './log.ts';

test('a warning of Envoy is read with its part and its message', () => {
  expect(readLogLine('{"level":"warning","component":"upstream","message":"host \\"a\\" is gone"}')).toEqual({
    level: 'warn',
    component: 'upstream',
    message: 'host "a" is gone',
  });
});

test('what is worse than a warning is an error', () => {
  expect(readLogLine('{"level":"critical","component":"main","message":"out"}').level).toBe('error');
});

test('a line that is not from the log is an error, as it stands', () => {
  for (const line of ['terminate called', '', '{"level":', '3', 'null', '{"message":1}']) {
    expect(readLogLine(line)).toEqual({ level: 'error', component: '', message: line });
  }
});

test('a message is one line, without the config that Envoy puts before or behind its reason', () => {
  const message = (text: string): string => readLogLine(JSON.stringify({ level: 'critical', component: 'main', message: text })).message;
  expect(message('Unable to parse JSON (no such field: \'x\'): {\n "node": {\n  "id": 1\n }\n}\n')).toBe("Unable to parse JSON (no such field: 'x')");
  expect(message('goo.gle/debugproto  \nnode {\n  id: "a"\n}\n: Proto constraint validation failed (Port: too large)')).toBe(
    'Proto constraint validation failed (Port: too large)',
  );
  expect(message('Invalid duration: Expected positive: goo.gle/debugstr \nseconds: -1\n')).toBe('Invalid duration: Expected positive');
});
