import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { answers as anthropicAnswers } from '../../test/recordings/anthropic-messages/answers.ts';
import { bytesOf as anthropicBytes, streams as anthropicStreams } from '../../test/recordings/anthropic-messages/streams.ts';
import { answers as openaiAnswers } from '../../test/recordings/openai-chat/answers.ts';
import { bytesOf as openaiBytes, streams as openaiStreams } from '../../test/recordings/openai-chat/streams.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { protocolContract } from './protocol.contract.ts';

const respond = (stream: Buffer) => () => Promise.resolve(new Response(stream.toString(), { headers: { 'content-type': 'text/event-stream' } }));
const mapped = <T>(streams: Record<string, T>, bytesOf: (stream: T) => Buffer): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, bytesOf(stream)]));

const messages = [{ role: 'user', content: 'Hi' }];

const { customTool: _asText, ...answersWithPlainTools } = openaiAnswers;

protocolContract(openaiChat, {
  request: { model: 'fast', messages },
  requiredFields: [],
  streams: mapped(openaiStreams, (stream) => openaiBytes(stream)),
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

const { 'error midway': _endsBadly, ...completeStreams } = anthropicStreams;

protocolContract(anthropicMessages, {
  request: { model: 'fast', max_tokens: 9, messages },
  requiredFields: ['max_tokens'],
  streams: mapped(completeStreams, anthropicBytes),
  answers: anthropicAnswers,
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
