import OpenAI from 'openai';
import { answers } from '../../../test/recordings/openai-chat/answers.ts';
import { bytesOf, streams } from '../../../test/recordings/openai-chat/streams.ts';
import { protocolContract } from '../protocol.contract.ts';
import { openaiChat } from './index.ts';

const respond = (stream: Buffer) => () => Promise.resolve(new Response(stream.toString(), { headers: { 'content-type': 'text/event-stream' } }));
const messages = [{ role: 'user', content: 'Hi' }];

const { customTool: _asText, ...answersWithPlainTools } = answers;

protocolContract(openaiChat, {
  request: { model: 'fast', messages },
  requiredFields: ['model', 'messages'],
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
  streams: Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, bytesOf(stream)])),
  answers: answersWithPlainTools,
  collect: (stream) =>
    new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch: respond(stream) }).chat.completions
      .stream({ model: 'm', messages: [] })
      .finalChatCompletion(),
  withTool: (parameters) => ({ tools: [{ type: 'function', function: { name: 'mail', parameters } }] }),
  withToolCall: (input, result) => ({
    messages: [
      { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'mail', arguments: JSON.stringify(input) } }] },
      { role: 'tool', tool_call_id: 'c1', content: result },
    ],
  }),
  places: {
    'a system message': (value) => ({ messages: [{ role: 'system', content: value }, ...messages] }),
    'a stop sequence': (value) => ({ stop: [value] }),
    'the name of a participant': (value) => ({ messages: [{ role: 'user', name: value, content: 'Hi' }] }),
    'the id of the user': (value) => ({ user: value }),
    'the description of a tool': (value) => ({ tools: [{ type: 'function', function: { name: 'mail', description: value } }] }),
    'the schema of the answer': (value) => ({
      response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: { properties: { to: { const: value } } } } },
    }),
  },
});
