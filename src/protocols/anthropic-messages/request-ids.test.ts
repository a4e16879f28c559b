import { expect, test } from 'vitest';
import type { Message } from '../../llm/request.ts';
import { calls, encode, result, tool, user } from '../../../test/recordings/anthropic-messages/encoding.ts';

const idsOf = (...messages: Message[]): string[] => {
  const { text } = encode({ messages: [user('a'), ...messages], tools: [tool] });
  return [...text.matchAll(/"(?:tool_use_)?id":"([^"]*)"/g)].map(([, id = '']) => id);
};

test('an id that comes again in a later turn gets one of its own, and so does its result', () => {
  expect(idsOf(calls('call_0'), result('call_0'), calls('call_0'), result('call_0'), calls('call_0'), result('call_0'))).toEqual([
    ...['call_0', 'call_0', 'call_0_2', 'call_0_2', 'call_0_3', 'call_0_3'],
  ]);
});

test('calls of one turn that share an id are answered in their order', () => {
  expect(idsOf(calls('a', 'a'), result('a'), result('a'))).toEqual(['a', 'a_2', 'a', 'a_2']);
});

test('an id made for one call is never that of another', () => {
  expect(idsOf(calls('a', 'a', 'a_2'), result('a'), result('a'), result('a_2'))).toEqual(['a', 'a_3', 'a_2', 'a', 'a_3', 'a_2']);
});

test('a result without a call keeps its id', () => {
  expect(idsOf(result('none'))).toEqual(['none']);
});
