import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/openai-responses/requests.ts';
import { parseJson, type JsonNode } from '../../framing/json.ts';
import { openaiResponses } from './index.ts';

const spotsOf = (json: string) => openaiResponses.requestTexts(parseJson(Buffer.from(json)));
const described = (json: string) => spotsOf(json).map(({ node, kind }) => `${kind} ${node.path} ${node.text}`);

/** The strings and numbers that no spot covers, by path. */
function uncovered(json: string): string[] {
  const covered = new Set(spotsOf(json).map(({ node }) => node.start));
  const missed: string[] = [];
  const visit = (node: JsonNode): void => {
    if (covered.has(node.start)) return;
    if (node.type === 'object') for (const { value } of node.fields()) visit(value);
    else if (node.type === 'array') for (const item of node.items()) visit(item);
    else if (node.type === 'string' || node.type === 'number') missed.push(node.path.replaceAll(/\[\d+\]/g, '[]'));
  };
  visit(parseJson(Buffer.from(json)));
  return [...new Set(missed)].toSorted();
}

test('in a request with every field of the SDK, only these are no text', () => {
  expect(uncovered(JSON.stringify(everyField))).toMatchInlineSnapshot(`
    [
      "access_programs.cyber",
      "context_management[].compact_threshold",
      "context_management[].type",
      "conversation.id",
      "image.context_compression",
      "include[]",
      "input[].call_id",
      "input[].content[].detail",
      "input[].content[].file_data",
      "input[].content[].image_url",
      "input[].content[].prompt_cache_breakpoint.mode",
      "input[].content[].prompt_cache_breakpoint.ttl",
      "input[].content[].type",
      "input[].encrypted_content",
      "input[].id",
      "input[].name",
      "input[].output.image_url",
      "input[].output.type",
      "input[].output[].image_url",
      "input[].output[].type",
      "input[].result",
      "input[].role",
      "input[].server_label",
      "input[].status",
      "input[].summary[].type",
      "input[].type",
      "max_output_tokens",
      "max_tool_calls",
      "model",
      "previous_response_id",
      "prompt.id",
      "prompt.version",
      "prompt_cache_options.comparison_response_id",
      "prompt_cache_options.mode",
      "prompt_cache_options.ttl",
      "prompt_cache_retention",
      "reasoning.context",
      "reasoning.effort",
      "reasoning.generate_summary",
      "reasoning.mode",
      "reasoning.summary",
      "service_tier",
      "temperature",
      "text.format.name",
      "text.format.schema.properties.to.format",
      "text.format.schema.properties.to.type",
      "text.format.schema.required[]",
      "text.format.schema.type",
      "text.format.type",
      "text.verbosity",
      "tool_choice.mode",
      "tool_choice.tools[].name",
      "tool_choice.tools[].type",
      "tool_choice.type",
      "tools[].allowed_tools[]",
      "tools[].authorization",
      "tools[].container.file_ids[]",
      "tools[].container.memory_limit",
      "tools[].container.type",
      "tools[].format.syntax",
      "tools[].format.type",
      "tools[].max_num_results",
      "tools[].name",
      "tools[].parameters.properties.to.format",
      "tools[].parameters.properties.to.type",
      "tools[].parameters.required[]",
      "tools[].parameters.type",
      "tools[].quality",
      "tools[].require_approval",
      "tools[].search_context_size",
      "tools[].server_label",
      "tools[].size",
      "tools[].tools[].name",
      "tools[].tools[].parameters.properties.to.format",
      "tools[].tools[].parameters.properties.to.type",
      "tools[].tools[].parameters.required[]",
      "tools[].tools[].parameters.type",
      "tools[].tools[].type",
      "tools[].type",
      "tools[].vector_store_ids[]",
      "top_logprobs",
      "top_p",
      "truncation",
    ]
  `);
});

test('no field of the SDK at the top is unknown', () => {
  expect(described(JSON.stringify(everyField)).filter((spot) => spot.startsWith('text  '))).toEqual([]);
});

test('finds texts in their order, with what their characters are', () => {
  expect(
    described(
      '{"instructions":"A","input":[{"role":"user","content":"B"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"C"}],"user":"D"}',
    ),
  ).toEqual(['text instructions "A"', 'text input[0].content "B"', 'json input[1].arguments "{}"', 'text input[2].output "C"', 'text user "D"']);
});

test('a file is no text, whatever else stands in its place is', () => {
  const content = (part: object) => JSON.stringify({ input: [{ role: 'user', content: [part] }] });
  expect(described(content({ type: 'input_file', file_data: 'data:application/pdf;base64,JVBERi0=' }))).toEqual([]);
  expect(described(content({ type: 'input_file', file_data: 'mail bob@b.de' }))).toEqual(['text input[0].content[0].file_data "mail bob@b.de"']);
});
