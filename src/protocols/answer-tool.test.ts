import { expect, test } from 'vitest';
import type { Part } from '../llm/part.ts';
import type { ChatRequest, ObjectText } from '../llm/request.ts';
import { createToolAsText, withAnswerTool } from './answer-tool.ts';

const schema = '{"type":"object","properties":{"city":{"type":"string"}}}' as ObjectText;
const request: ChatRequest = { stream: false, messages: [], tools: [], stop: [], responseFormat: { type: 'json-schema', name: 'place', schema } };

test('a model that no API holds to a schema must call a tool of that schema, and no other', () => {
  expect(withAnswerTool(request)).toMatchObject({
    tools: [{ name: 'json_answer', parameters: schema }],
    toolChoice: { type: 'tool', name: 'json_answer' },
    parallelToolCalls: false,
  });
  expect(withAnswerTool(request)).not.toHaveProperty('responseFormat');
});

test('a request with tools of its own, or for no schema, stays as it is', () => {
  const withTools: ChatRequest = { ...request, tools: [{ name: 'mail', parameters: schema }] };
  const json: ChatRequest = { ...request, responseFormat: { type: 'json-object' } };
  for (const each of [withTools, json]) expect(withAnswerTool(each)).toBe(each);
});

test('what the tool was called with is the text of the answer, which has stopped by itself', () => {
  const at = { choice: 0, block: 1 };
  const parts: Part[] = [
    { type: 'tool-call', ...at, id: 'c1', name: 'json_answer' },
    { type: 'tool-arguments', ...at, text: '{"city":' },
    { type: 'tool-arguments', ...at, text: '"Ulm"}' },
    { type: 'block-end', ...at },
    { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'tool_use' } },
    { type: 'end' },
  ];
  expect(parts.flatMap(createToolAsText())).toEqual([
    { type: 'text', ...at, text: '{"city":' },
    { type: 'text', ...at, text: '"Ulm"}' },
    { type: 'block-end', ...at },
    { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'tool_use' } },
    { type: 'end' },
  ]);
});
