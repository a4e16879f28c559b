import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/openai-chat/requests.ts';
import { parseJson, type JsonNode } from '../../framing/json.ts';
import { openaiChat } from './index.ts';

const spotsOf = (json: string) => openaiChat.requestTexts(parseJson(Buffer.from(json)));
const described = (json: string) => spotsOf(json).map(({ node, kind }) => `${kind} ${node.path} ${node.text}`);

/** The strings and numbers that no spot covers, by path. */
function uncovered(json: string): string[] {
  const covered = new Map(spotsOf(json).map(({ node, kind }) => [node.start, kind]));
  const missed: string[] = [];
  const visit = (node: JsonNode): void => {
    if (covered.has(node.start)) return;
    if (node.type === 'object') for (const { value } of node.fields()) visit(value);
    else if (node.type === 'array') for (const item of node.items()) visit(item);
    else if (node.type === 'string' || node.type === 'number') missed.push(node.path);
  };
  visit(parseJson(Buffer.from(json)));
  return missed;
}

/** Values that are no text: ids, settings, names in the client's program, files. */
const notText = [
  'frequency_penalty max_completion_tokens max_tokens model n presence_penalty prompt_cache_retention reasoning_effort seed service_tier temperature top_logprobs top_p verbosity'.split(
    ' ',
  ),
  'audio.format audio.voice.id function_call.name functions[].name functions[].parameters.type modalities[] prediction.content[].type prediction.type prompt_cache_options.mode prompt_cache_options.ttl response_format.json_schema.name response_format.json_schema.schema.type response_format.type'.split(
    ' ',
  ),
  'file.file_data file.file_id image_url.detail image_url.url input_audio.data input_audio.format prompt_cache_breakpoint.mode prompt_cache_breakpoint.ttl type'
    .split(' ')
    .map((path) => `messages[].content[].${path}`),
  'audio.id function_call.name role tool_call_id tool_calls[].custom.name tool_calls[].function.name tool_calls[].id tool_calls[].type'
    .split(' ')
    .map((path) => `messages[].${path}`),
  'properties.list.items.anyOf[].$ref properties.list.items.anyOf[].maximum properties.list.items.anyOf[].type properties.list.type properties.to.format properties.to.pattern properties.to.type required[] type'
    .split(' ')
    .map((path) => `tools[].function.parameters.${path}`),
  'custom.format.grammar.syntax custom.format.type custom.name function.name type'.split(' ').map((path) => `tools[].${path}`),
  'allowed_tools.mode allowed_tools.tools[].function.name allowed_tools.tools[].type type'.split(' ').map((path) => `tool_choice.${path}`),
].flat();

test('in a request with every field of the SDK, only these are no text', () => {
  const places = uncovered(JSON.stringify(everyField)).map((path) => path.replaceAll(/\[\d+\]/g, '[]'));
  expect([...new Set(places)].toSorted()).toEqual(notText.toSorted());
});

test('no field of the SDK is unknown', () => {
  expect(described(JSON.stringify(everyField)).filter((spot) => spot.startsWith('text  '))).toEqual([]);
});

test('finds texts in their order, with what their characters are', () => {
  expect(
    described(
      '{"messages":[{"role":"user","content":"A"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}],"user":"B"}',
    ),
  ).toEqual(['text messages[0].content "A"', 'json messages[1].tool_calls[0].function.arguments "{}"', 'text user "B"']);
});

test('an unknown kind of content is text', () => {
  expect(described('{"messages":[{"role":"user","content":[{"type":"note","note":{"by":"Bob"}}]}]}')).toEqual([
    'text messages[0].content[0]. "note"',
    'tree messages[0].content[0].note {"by":"Bob"}',
  ]);
});

test('both of two equal keys are found', () => {
  expect(described('{"messages":[{"content":"A","content":"B"}],"messages":[{"content":"C"}]}')).toEqual([
    'text messages[0].content "A"',
    'text messages[0].content "B"',
    'text messages[0].content "C"',
  ]);
});

test.each([
  ['data:image/png;base64,iVBORw0KGgo=', false],
  ['data:image\\/png;base64,iVBOR\\/w0KGgo=', false],
  ['DATA:image/svg+xml;charset=utf-8;base64,PHN2Zz4=', false],
  ['data:text/plain,a@b.de', true],
  ['data:text/plain;base64,not base64: a@b.de', true],
  ['data:image/png;owner=a@b.de;base64,iVBORw0KGgo=', true],
  ['https://a.example/u/a@b.de.png', true],
])('an image at %s is text: %s', (url, isText) => {
  expect(described(`{"messages":[{"content":[{"type":"image_url","image_url":{"url":"${url}"}}]}]}`)).toHaveLength(isText ? 1 : 0);
});

test('a file of 20 MiB in base64 is passed over', () => {
  const data = 'QUJD'.repeat(5 << 20);
  expect(described(`{"messages":[{"content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,${data}"}}]}]}`)).toEqual([]);
});
