import OpenAI from 'openai';
import { answers } from '../../../test/recordings/openai-responses/answers.ts';
import { bytesOf, streams } from '../../../test/recordings/openai-responses/streams.ts';
import { protocolContract } from '../protocol.contract.ts';
import { openaiResponses } from './index.ts';

const respond = (stream: Buffer) => () => Promise.resolve(new Response(stream.toString(), { headers: { 'content-type': 'text/event-stream' } }));

protocolContract(openaiResponses, {
  request: { model: 'fast', input: 'Hi' },
  requiredFields: ['model', 'input'],
  withMessage: (content, more) => ({ input: [{ role: 'user', content, ...more }] }),
  faults: [
    [{ model: '' }, 'model'],
    [{ model: 7 }, 'model'],
    [{ input: [] }, 'input'],
    [{ input: {} }, 'input'],
    [{ input: ['Hi'] }, 'input[0]'],
    [{ input: [{ role: 1 }] }, 'input[0].role'],
    [{ input: [{ role: 'user', content: 'Hi' }, { type: 1 }] }, 'input[1].type'],
    [{ stream: 'yes' }, 'stream'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
  ],
  streams: Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, bytesOf(stream)])),
  answers,
  collect: (stream) =>
    new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch: respond(stream) }).responses
      .stream({ model: 'm', input: 'Hi' })
      .finalResponse(),
  withTool: (parameters) => ({ tools: [{ type: 'function', name: 'mail', parameters }] }),
  withToolCall: (input, result) => ({
    input: [
      { type: 'function_call', call_id: 'c1', name: 'mail', arguments: JSON.stringify(input) },
      { type: 'function_call_output', call_id: 'c1', output: result },
    ],
  }),
  places: {
    'the input': (value) => ({ input: value }),
    instructions: (value) => ({ instructions: value }),
    'a system message': (value) => ({ input: [{ role: 'developer', content: value }] }),
    'a text of the user': (value) => ({ input: [{ role: 'user', content: [{ type: 'input_text', text: value }] }] }),
    'an answer of the assistant': (value) => ({ input: [{ role: 'assistant', content: [{ type: 'output_text', text: value, annotations: [] }] }] }),
    'a refusal of the assistant': (value) => ({ input: [{ role: 'assistant', content: [{ type: 'refusal', refusal: value }] }] }),
    'a summary of reasoning': (value) => ({ input: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: value }] }] }),
    'a text in the result of a tool call': (value) => ({
      input: [{ type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: value }] }],
    }),
    'the input of a custom tool': (value) => ({ input: [{ type: 'custom_tool_call', call_id: 'c1', name: 'sql', input: value }] }),
    'the name of a message': (value) => ({ input: [{ role: 'user', name: value, content: 'Hi' }] }),
    'an item of an unknown type in the input': (value) => ({ input: [{ type: 'hologram', name: value, encrypted_content: value }] }),
    'a query of a search': (value) => ({
      input: [{ type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: value } }],
    }),
    'the address of a file': (value) => ({ input: [{ role: 'user', content: [{ type: 'input_file', file_url: value }] }] }),
    'the name of a file': (value) => ({ input: [{ role: 'user', content: [{ type: 'input_file', file_data: 'AA==', filename: value }] }] }),
    'a variable of a prompt': (value) => ({ prompt: { id: 'pmpt_1', variables: { to: value } } }),
    'the id of the user': (value) => ({ user: value, safety_identifier: value }),
    'the description of a tool': (value) => ({ tools: [{ type: 'function', name: 'mail', description: value }] }),
    'the location of a search': (value) => ({ tools: [{ type: 'web_search', user_location: { type: 'approximate', city: value } }] }),
    'the schema of the answer': (value) => ({
      text: { format: { type: 'json_schema', name: 'reply', schema: { properties: { to: { const: value } } } } },
    }),
  },
});
