import Anthropic from '@anthropic-ai/sdk';
import { answers } from '../../../test/recordings/anthropic-messages/answers.ts';
import { bytesOf, streams } from '../../../test/recordings/anthropic-messages/streams.ts';
import { protocolContract } from '../protocol.contract.ts';
import { anthropicMessages } from './index.ts';

const respond = (stream: Buffer) => () => Promise.resolve(new Response(stream.toString(), { headers: { 'content-type': 'text/event-stream' } }));
const messages = [{ role: 'user', content: 'Hi' }];

const { 'error midway': _endsBadly, ...completeStreams } = streams;

protocolContract(anthropicMessages, {
  request: { model: 'fast', max_tokens: 9, messages },
  requiredFields: ['model', 'messages', 'max_tokens'],
  faults: [
    [{ model: '' }, 'model'],
    [{ model: 7 }, 'model'],
    [{ messages: [] }, 'messages'],
    [{ messages: {} }, 'messages'],
    [{ messages: ['Hi'] }, 'messages[0]'],
    [{ messages: [{ role: 'user', content: 'Hi' }, { content: 'Hi' }] }, 'messages[1].role'],
    [{ messages: [{ role: 1 }] }, 'messages[0].role'],
    [{ stream: 'yes' }, 'stream'],
  ],
  streams: Object.fromEntries(Object.entries(completeStreams).map(([name, stream]) => [name, bytesOf(stream)])),
  answers,
  collect: (stream) =>
    new Anthropic({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch: respond(stream) }).messages
      .stream({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] })
      .finalMessage(),
  withTool: (input_schema) => ({ tools: [{ name: 'mail', input_schema }] }),
  withToolCall: (input, result) => ({
    messages: [
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'mail', input }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: result }] },
    ],
  }),
  places: {
    'a system message': (value) => ({ system: value }),
    'a stop sequence': (value) => ({ stop_sequences: [value] }),
    'a text block of the system message': (value) => ({ system: [{ type: 'text', text: value }] }),
    'the id of the user': (value) => ({ metadata: { user_id: value } }),
    'the description of a tool': (value) => ({ tools: [{ name: 'mail', description: value, input_schema: {} }] }),
    'the schema of the answer': (value) => ({
      output_config: { format: { type: 'json_schema', schema: { properties: { to: { const: value } } } } },
    }),
  },
});
