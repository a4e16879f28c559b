import { answers } from '../../../test/recordings/bedrock-converse/answers.ts';
import { collected, eventsOf } from '../../../test/recordings/bedrock-converse/sdk.ts';
import { bytesOf, streams } from '../../../test/recordings/bedrock-converse/streams.ts';
import { protocolContract } from '../protocol.contract.ts';
import { bedrockConverse } from './index.ts';

const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
const userSays = (...content: object[]) => ({ messages: [{ role: 'user', content }] });

protocolContract(bedrockConverse, {
  request: { messages },
  path: { model: 'fast', stream: false },
  requiredFields: ['messages'],
  faults: [
    [{ messages: [] }, 'messages'],
    [{ messages: {} }, 'messages'],
    [{ messages: ['Hi'] }, 'messages[0]'],
    [{ messages: [...messages, { content: [] }] }, 'messages[1].role'],
    [{ messages: [{ role: 1 }] }, 'messages[0].role'],
    [{ inferenceConfig: { maxTokens: 0 } }, 'inferenceConfig.maxTokens'],
    [{ inferenceConfig: 'short' }, 'inferenceConfig'],
  ],
  streams: Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, bytesOf(stream)])),
  answers,
  collect: async (stream) => collected(await eventsOf(stream)),
  withMessage: (content, more) => ({ messages: [{ role: 'user', content: Array.isArray(content) ? content : [{ text: content }], ...more }] }),
  withTool: (json) => ({ toolConfig: { tools: [{ toolSpec: { name: 'mail', inputSchema: { json } } }] } }),
  withToolCall: (input, result) => ({
    messages: [
      { role: 'assistant', content: [{ toolUse: { toolUseId: 'c1', name: 'mail', input } }] },
      { role: 'user', content: [{ toolResult: { toolUseId: 'c1', content: [{ text: result }] } }] },
    ],
  }),
  places: {
    'the system prompt': (value) => ({ system: [{ text: value }] }),
    'a stop sequence': (value) => ({ inferenceConfig: { stopSequences: [value] } }),
    'the name of a document': (value) => userSays({ document: { format: 'pdf', name: value, source: { bytes: 'JVBERi0=' } } }),
    'the text of a document': (value) => userSays({ document: { name: 'CV', source: { text: value } } }),
    'text in the place of bytes': (value) => userSays({ document: { format: 'pdf', name: 'CV', source: { bytes: `by ${String(value)}` } } }),
    'what a document is about': (value) => userSays({ document: { name: 'CV', context: value, source: { text: 'Hi' } } }),
    'the place of a file': (value) => userSays({ video: { format: 'mp4', source: { s3Location: { uri: `s3://${String(value)}` } } } }),
    'a search result': (value) => userSays({ searchResult: { source: 'x', title: 'y', content: [{ text: value }] } }),
    'guarded text': (value) => userSays({ guardContent: { text: { text: value, qualifiers: ['query'] } } }),
    'the JSON result of a tool': (value) => userSays({ toolResult: { toolUseId: 'c1', content: [{ json: { to: [value] } }] } }),
    'reasoning of an earlier turn': (value) => ({
      messages: [{ role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: value, signature: 'x' } } }] }],
    }),
    'a citation': (value) => ({
      messages: [{ role: 'assistant', content: [{ citationsContent: { citations: [{ sourceContent: [{ text: value }] }] } }] }],
    }),
    'the description of a tool': (value) => ({
      toolConfig: { tools: [{ toolSpec: { name: 'mail', description: value, inputSchema: { json: {} } } }] },
    }),
    'the schema of the answer': (value) => ({
      outputConfig: {
        textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify({ properties: { to: { const: value } } }) } } },
      },
    }),
    'a variable of a prompt': (value) => ({ promptVariables: { who: { text: value } } }),
    'metadata of the request': (value) => ({ requestMetadata: { who: value } }),
    'a setting of a model nobody knows': (value) => ({ additionalModelRequestFields: { persona: { name: value } } }),
  },
});
