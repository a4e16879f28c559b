import type { ConverseStreamRequest, CountTokensRequest } from '@aws-sdk/client-bedrock-runtime';
import { bytes, wire } from './wire.ts';

const schema = { type: 'object', required: ['who'], properties: { who: { type: 'string', description: 'Bob, say' } }, additionalProperties: false };

/** A request with every field of the body that AWS's SDK knows, each with a value that says something its absence does not. A new field of the SDK fails compilation here. */
export const everyField = wire({
  system: [
    { text: 'Be kind.' },
    { cachePoint: { type: 'default', ttl: '1h' } },
    { guardContent: { text: { text: 'Bob is a friend.', qualifiers: ['grounding_source'] } } },
  ],
  messages: [
    {
      role: 'user',
      content: [
        { image: { format: 'png', source: { bytes: bytes('\u0089PNG') } } },
        { image: { format: 'gif', source: { s3Location: { uri: 's3://pictures/bob.gif', bucketOwner: '123456789012' } } } },
        { document: { format: 'pdf', name: 'CV of Bob', source: { bytes: bytes('%PDF-') }, context: 'Sent by Bob', citations: { enabled: true } } },
        { document: { name: 'Notes', source: { text: 'Bob was born.' } } },
        { document: { name: 'More', source: { content: [{ text: 'He learned.' }] } } },
        { cachePoint: { type: 'default', ttl: '5m' } },
        { video: { format: 'mp4', source: { bytes: bytes('mp4') } } },
        { audio: { format: 'wav', source: { bytes: bytes('RIFF') } } },
        { searchResult: { source: 'https://b.example/', title: 'Found', content: [{ text: 'He works.' }], citations: { enabled: true } } },
        { guardContent: { image: { format: 'png', source: { bytes: bytes('guarded') } } } },
        { toolAddition: { tool: { type: 'tool', name: 'look', serverName: 'house' } } },
        { text: 'Who is Bob?' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'Bob, Bob.', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' } } },
        { reasoningContent: { redactedContent: bytes('redacted') } },
        { text: 'I look.' },
        {
          citationsContent: {
            content: [{ text: 'He is kind.' }],
            citations: [{ title: 'CV', location: { documentPage: { documentIndex: 0, start: 1, end: 2 } } }],
          },
        },
        { toolUse: { toolUseId: 'tooluse_1', name: 'look', input: { who: 'Bob' } } },
        { toolUse: { toolUseId: 'tooluse_2', name: 'see', input: {} } },
        { toolUse: { toolUseId: 'srv_1', name: 'nova_grounding', input: {}, type: 'server_tool_use' } },
        { cachePoint: { type: 'default' } },
      ],
    },
    {
      role: 'user',
      content: [
        { toolResult: { toolUseId: 'tooluse_1', content: [{ text: 'a@b.de' }], status: 'error' } },
        {
          toolResult: {
            toolUseId: 'tooluse_2',
            content: [
              { json: { seen: 'Bob', id: 1 } },
              { image: { format: 'webp', source: { bytes: bytes('RIFFWEBP') } } },
              { document: { format: 'txt', name: 'Result', source: { bytes: bytes('He is here.') } } },
            ],
          },
        },
        { cachePoint: { type: 'default' } },
      ],
    },
    { role: 'system', content: [{ text: 'Be quick now.' }] },
  ],
  inferenceConfig: { maxTokens: 20_000, temperature: 1, topP: 0.97, stopSequences: ['Bob:'] },
  toolConfig: {
    tools: [
      { toolSpec: { name: 'look', description: 'Looks for Bob', strict: true, inputSchema: { json: schema } } },
      { cachePoint: { type: 'default', ttl: '1h' } },
      { toolSpec: { name: 'see', inputSchema: { json: { type: 'object' } } } },
      { systemTool: { name: 'nova_grounding' } },
    ],
    toolChoice: { tool: { name: 'look' } },
  },
  additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 4000 }, top_k: 5, anthropic_beta: ['context-1m-2025-08-07'] },
  additionalModelResponseFieldPaths: ['/stop_sequence', '/usage'],
  outputConfig: {
    textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'person', description: 'Bob, say', schema: JSON.stringify(schema) } } },
    effort: 'low',
  },
  requestMetadata: { project: 'Bob' },
  serviceTier: { type: 'flex' },
  performanceConfig: { latency: 'optimized' },
  promptVariables: { who: { text: 'Bob' } },
  guardrailConfig: { guardrailIdentifier: 'gr-1', guardrailVersion: 'DRAFT', trace: 'enabled', streamProcessingMode: 'async' },
} satisfies Required<Omit<ConverseStreamRequest, 'modelId'>>);

/** A request to count tokens. */
export const countTokens = wire({
  input: {
    converse: {
      system: [{ text: 'Be kind.' }],
      messages: [{ role: 'user', content: [{ text: 'Who is Bob?' }] }],
      toolConfig: { tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } } } }] },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 4000 } },
    },
  },
} satisfies Omit<CountTokensRequest, 'modelId'>);
