import { afterAll, beforeAll, expect, test } from 'vitest';
import { redactedOf } from './redacted.ts';
import { signatureOf } from '../anthropic/signature.ts';
import { startFakeBedrock } from '../bedrock.ts';
import type { FakeBedrock } from '../bedrock.ts';
import { isObject } from '../shape.ts';

let fake: FakeBedrock;
beforeAll(async () => void (fake = await startFakeBedrock({ models: [claude, opus, nova, llama, mistral, deepseek, 'own'] })));
afterAll(() => fake.stop());

const claude = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const opus = 'eu.anthropic.claude-opus-5';
const nova = 'amazon.nova-lite-v1:0';
const llama = 'meta.llama3-3-70b-instruct-v1:0';
const mistral = 'mistral.mistral-large-2407-v1:0';
const deepseek = 'us.deepseek.r1-v1:0';

type Fields = Record<string, unknown> & { model?: string; operation?: string };

async function ask({ model = claude, operation = 'converse', ...fields }: Fields): Promise<{ status: number; type: string; message: string }> {
  const response = await fetch(`${fake.url}/model/${encodeURIComponent(model)}/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${fake.apiKey}` },
    body: JSON.stringify({ messages: [user], ...fields }),
  });
  const body: unknown = operation === 'converse' || response.status !== 200 ? await response.json() : await response.arrayBuffer();
  const type = (response.headers.get('x-amzn-errortype') ?? '').split(':')[0] ?? '';
  return { status: response.status, type, message: isObject(body) ? String(body['message']) : '' };
}

const user = { role: 'user', content: [{ text: 'Hi' }] };
const says = (...content: unknown[]) => ({ role: 'user', content });
const assistant = (...content: unknown[]) => ({ role: 'assistant', content });
const text = (words: string) => ({ text: words });
const use = (toolUseId: string) => ({ toolUse: { toolUseId, name: 'f', input: {} } });
const result = (toolUseId: string) => ({ toolResult: { toolUseId, content: [{ text: 'done' }] } });
const spec = { name: 'f', inputSchema: { json: { type: 'object' } } };
const toolConfig = { tools: [{ toolSpec: spec }] };
const choosing = (toolChoice: unknown) => ({ toolConfig: { ...toolConfig, toolChoice } });
const cachePoint = { cachePoint: { type: 'default' } };
const hour = { cachePoint: { type: 'default', ttl: '1h' } };
const image = (more: object) => ({ messages: [says({ image: { format: 'png', source: { bytes: 'aGk=' }, ...more } })] });
const document = (more: object) => ({ document: { format: 'pdf', name: 'My report (1)', source: { bytes: 'aGk=' }, ...more } });
const thought = (signature?: string) => ({ reasoningContent: { reasoningText: { text: 'hm', ...(signature !== undefined && { signature }) } } });
const thinking = { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } };
const output = (schema: string) => ({ outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema } } } } });
const useId = (toolUseId: string) => ({ messages: [user, assistant(use(toolUseId)), says(result(toolUseId))], toolConfig });

const refused: [name: string, fields: Fields, place: string, type?: string][] = [
  ['no messages', { messages: undefined }, 'messages'],
  ['an empty list of messages', { messages: [] }, 'messages'],
  ['an unknown field', { temperature: 1 }, 'temperature'],
  ['an unknown field of a message', { messages: [{ ...user, name: 'x' }] }, 'messages.0.name'],
  ['an unknown block', { messages: [says({ input_text: 'x' })] }, 'messages.0.content.0.input_text'],
  ['two members of a union', { messages: [says({ text: 'x', cachePoint: cachePoint.cachePoint })] }, 'messages.0.content.0.cachePoint'],
  ['a block without a member', { messages: [says({})] }, 'messages.0.content.0'],
  ['content that is text', { messages: [{ role: 'user', content: 'Hi' }] }, 'messages.0.content', 'SerializationException'],
  ['an unknown role', { messages: [{ ...user, role: 'tool' }] }, 'messages.0.role'],
  ['a system message for a model that has none', { messages: [user, { ...user, role: 'system' }] }, 'messages.1.role'],
  ['an assistant message as the first', { messages: [assistant(text('x')), user] }, 'messages'],
  ['two user messages in a row', { messages: [user, user] }, 'messages'],
  ['two assistant messages in a row', { messages: [user, assistant(text('x')), assistant(text('x')), user] }, 'messages'],
  ['empty content', { messages: [says()] }, 'messages.0'],
  ['blank text', { messages: [says(text(' \n'))] }, 'messages.0.content.0'],
  ['empty text', { messages: [says(text('x'), text(''))] }, 'messages.0.content.1'],
  ['a blank system prompt', { system: [text(' ')] }, 'system.0'],
  ['a system prompt that is text', { system: 'x' }, 'system', 'SerializationException'],
  ['a tool use of the user', { messages: [says(use('a'))], toolConfig }, 'messages.0.content.0'],
  ['a tool result of the assistant', { messages: [user, assistant(result('a')), user], toolConfig }, 'messages.1.content.0'],
  ['reasoning of the user', { messages: [says(thought(signatureOf('hm')), text('x'))] }, 'messages.0.content.0'],
  ['an image of the assistant', { messages: [user, assistant(image({}).messages[0]?.content[0]), user] }, 'messages.1.content.0'],
  ['a tool use without a result', { messages: [user, assistant(use('a')), user], toolConfig }, 'messages.2.content'],
  ['one of two tool uses without a result', { messages: [user, assistant(use('a'), use('b')), says(result('a'))], toolConfig }, 'messages.2.content'],
  ['a tool use at the end', { messages: [user, assistant(use('a'))], toolConfig }, 'messages.1.content'],
  ['a tool result without a tool use', { messages: [says(result('a'))], toolConfig }, 'messages.0.content'],
  ['two results of one tool use', { messages: [user, assistant(use('a')), says(result('a'), result('a'))], toolConfig }, 'messages.2.content'],
  ['two tool uses of one id', { messages: [user, assistant(use('a'), use('a')), says(result('a'))], toolConfig }, 'messages.2.content'],
  [
    'a result behind text, which Claude refuses',
    { messages: [user, assistant(use('a')), says(text('x'), result('a'))], toolConfig },
    'The model returned',
  ],
  ['an id with a blank', useId('a b'), 'messages.1.content.0.toolUse.toolUseId'],
  ['an id of 65 characters', useId('a'.repeat(65)), 'messages.1.content.0.toolUse.toolUseId'],
  [
    'input that is text',
    { messages: [user, assistant({ toolUse: { toolUseId: 'a', name: 'f', input: '{}' } })], toolConfig },
    'messages.1.content.0.toolUse.input',
    'SerializationException',
  ],
  [
    'a JSON result that is a list',
    { messages: [user, assistant(use('a')), says({ toolResult: { toolUseId: 'a', content: [{ json: [] }] } })], toolConfig },
    'messages.2.content.0.toolResult.content.0.json',
    'SerializationException',
  ],
  ['tool blocks without tools', { messages: [user, assistant(use('a')), says(result('a'))] }, 'toolConfig'],
  ['an empty list of tools', { toolConfig: { tools: [] } }, 'toolConfig.tools'],
  ['a cache point as the only tool', { toolConfig: { tools: [cachePoint] } }, 'toolConfig.tools'],
  ['two tools of one name', { toolConfig: { tools: [...toolConfig.tools, ...toolConfig.tools] } }, 'toolConfig.tools'],
  ['a tool name with a dot', { toolConfig: { tools: [{ toolSpec: { ...spec, name: 'a.b' } }] } }, 'toolConfig.tools.0.toolSpec.name'],
  ['an empty description', { toolConfig: { tools: [{ toolSpec: { ...spec, description: '' } }] } }, 'toolConfig.tools.0.toolSpec.description'],
  [
    'a schema that is no object’s',
    { toolConfig: { tools: [{ toolSpec: { ...spec, inputSchema: { json: { type: 'string' } } } }] } },
    'toolConfig.tools.0.toolSpec.inputSchema.json.type',
  ],
  [
    'a schema without its wrapping',
    { toolConfig: { tools: [{ toolSpec: { ...spec, inputSchema: { type: 'object' } } }] } },
    'toolConfig.tools.0.toolSpec.inputSchema.type',
  ],
  ['tools for a model without', { model: deepseek, toolConfig }, 'toolConfig'],
  ['the choice of none', choosing({ none: {} }), 'toolConfig.toolChoice.none'],
  ['the choice of a tool that is not there', choosing({ tool: { name: 'g' } }), 'toolConfig.toolChoice.tool.name'],
  ['the choice of any for a model that has none', { model: llama, ...choosing({ any: {} }) }, 'toolConfig.toolChoice.any'],
  ['the choice of a tool for a model that has only any', { model: mistral, ...choosing({ tool: { name: 'f' } }) }, 'toolConfig.toolChoice.tool'],
  ['a forced tool with thinking', { ...choosing({ any: {} }), ...thinking }, 'The model returned'],
  ['a cache point for a model that caches nothing', { model: llama, system: [text('x'), cachePoint] }, 'This model', 'AccessDeniedException'],
  [
    'a cache point among the tools of Nova',
    { model: nova, toolConfig: { tools: [...toolConfig.tools, cachePoint] } },
    'This model',
    'AccessDeniedException',
  ],
  ['a cache point of another type', { system: [text('x'), { cachePoint: { type: 'ephemeral' } }] }, 'system.1.cachePoint.type'],
  ['a cache point of another duration', { system: [text('x'), { cachePoint: { type: 'default', ttl: '2h' } }] }, 'system.1.cachePoint.ttl'],
  ['an hour behind five minutes', { system: [text('x'), cachePoint], messages: [says(text('x'), hour)] }, 'cachePoint'],
  ['five cache points', { messages: [says(...Array.from({ length: 5 }, () => [text('x'), cachePoint]).flat())] }, 'The model returned'],
  ['a temperature above 1', { inferenceConfig: { temperature: 1.5 } }, 'inferenceConfig.temperature'],
  ['no output', { inferenceConfig: { maxTokens: 0 } }, 'inferenceConfig.maxTokens'],
  ['more output than the model has', { inferenceConfig: { maxTokens: 64_001 } }, 'The model returned'],
  ['an empty stop sequence', { inferenceConfig: { stopSequences: [''] } }, 'inferenceConfig.stopSequences.0'],
  ['Anthropic’s name of a field', { inferenceConfig: { max_tokens: 5 } }, 'inferenceConfig.max_tokens'],
  ['a temperature for a model that has none', { model: opus, inferenceConfig: { temperature: 0.5 } }, 'The model returned'],
  ['a model’s field that it does not know', { additionalModelRequestFields: { top_n: 1 } }, 'The model returned'],
  ['a thinking budget beyond the output', { ...thinking, inferenceConfig: { maxTokens: 1024 } }, 'The model returned'],
  ['a prefill for a model that has none', { model: opus, messages: [user, assistant(text('x'))] }, 'The model returned'],
  ['a prefill that ends with a blank', { messages: [user, assistant(text('x '))] }, 'The model returned'],
  ['a changed signature', { messages: [user, assistant(thought(signatureOf('other')), text('x')), user] }, 'messages.1.content.0.reasoningContent'],
  ['no signature', { messages: [user, assistant(thought(), text('x')), user] }, 'The model returned'],
  [
    'foreign redacted reasoning',
    { messages: [user, assistant({ reasoningContent: { redactedContent: 'aGk=' } }, text('x')), user] },
    'messages.1.content.0.reasoningContent',
  ],
  ['an image of another format', image({ format: 'svg' }), 'messages.0.content.0.image.format'],
  ['a media type as the format', image({ format: 'image/png' }), 'messages.0.content.0.image.format'],
  ['bytes that are no base64', image({ source: { bytes: 'data:image/png;base64,aGk=' } }), 'messages.0.content.0.image.source.bytes'],
  ['an image by URL', image({ source: { url: 'https://a.example/b.png' } }), 'messages.0.content.0.image.source.url'],
  ['a document without text beside it', { messages: [says(document({}))] }, 'messages.0.content'],
  ['a document name with a dot', { messages: [says(text('x'), document({ name: 'a.pdf' }))] }, 'messages.0.content.1.document.name'],
  ['a document name with two blanks', { messages: [says(text('x'), document({ name: 'a  b' }))] }, 'messages.0.content.1.document.name'],
  ['two documents of one name', { messages: [says(text('x'), document({}), document({}))] }, 'messages.0.content'],
  ['six documents', { messages: [says(text('x'), ...Array.from({ length: 6 }, (_, at) => document({ name: `d${at}` })))] }, 'messages.0.content'],
  ['a document of another format', { messages: [says(text('x'), document({ format: 'rtf' }))] }, 'messages.0.content.1.document.format'],
  ['video for Claude', { messages: [says(text('x'), { video: { format: 'mp4', source: { bytes: 'aGk=' } } })] }, 'The model returned'],
  ['a schema of the output that is no JSON', output('{'), 'outputConfig.textFormat.structure.jsonSchema.schema'],
  ['an effort that the model does not know', { outputConfig: { effort: 'enormous' } }, 'The model returned'],
  ['a guardrail’s stream mode without a stream', { guardrailConfig: { streamProcessingMode: 'sync' } }, 'guardrailConfig.streamProcessingMode'],
  ['metadata that is no text', { requestMetadata: { a: 1 } }, 'requestMetadata.a', 'SerializationException'],
  ['an unknown service tier', { serviceTier: { type: 'fast' } }, 'serviceTier.type'],
];

test.each(refused)('refuses %s', async (_, fields, place, type = 'ValidationException') => {
  const answer = await ask(fields);
  expect({ status: answer.status, type: answer.type }).toEqual({ status: type === 'AccessDeniedException' ? 403 : 400, type });
  expect(answer.message.startsWith(`${place}${place.includes(' ') ? ' ' : ': '}`), answer.message).toBe(true);
  expect(await ask({ ...fields, operation: 'converse-stream' })).toMatchObject(
    place.startsWith('guardrailConfig') ? { status: 200 } : { status: answer.status },
  );
});

const taken: [name: string, fields: Fields][] = [
  ['a conversation', { system: [text('Be brief.')], messages: [user, assistant(text('x')), user] }],
  ['a tool loop', { ...useId('tooluse_a.b:c-d'), inferenceConfig: { temperature: 1, maxTokens: 100, stopSequences: ['x'] } }],
  [
    'two results in one turn, with text behind',
    { messages: [user, assistant(text('x'), use('a'), use('b')), says(result('b'), result('a'), text('x'))], toolConfig },
  ],
  [
    'a result with JSON, an image and an error',
    {
      messages: [
        user,
        assistant(use('a')),
        says({ toolResult: { toolUseId: 'a', status: 'error', content: [{ json: {} }, image({}).messages[0]?.content[0]] } }),
      ],
      toolConfig,
    },
  ],
  ['every tool choice', choosing({ tool: { name: 'f' } })],
  ['the choice of auto for Llama', { model: llama, ...choosing({ auto: {} }) }],
  ['the choice of any for Nova', { model: nova, ...choosing({ any: {} }) }],
  [
    'cache points everywhere',
    { system: [text('x'), hour], toolConfig: { tools: [...toolConfig.tools, hour] }, messages: [says(text('x'), cachePoint)] },
  ],
  ['a cache point in the system prompt of Nova', { model: nova, system: [text('x'), cachePoint] }],
  ['thinking that comes back', { messages: [user, assistant(thought(signatureOf('hm')), text('x')), user], ...thinking }],
  [
    'redacted reasoning that comes back',
    { messages: [user, assistant({ reasoningContent: { redactedContent: redactedOf('hm') } }, text('x')), user] },
  ],
  ['a system message for a model that takes it', { model: opus, messages: [user, { ...user, role: 'system' }, assistant(text('x')), user] }],
  ['a prefill', { messages: [user, assistant(text('x'))] }],
  ['images and documents', { messages: [says(text('x'), image({}).messages[0]?.content[0], document({}), document({ name: 'b', format: 'txt' }))] }],
  ['video for Nova', { model: nova, messages: [says(text('x'), { video: { format: 'mp4', source: { s3Location: { uri: 's3://a/b' } } } })] }],
  [
    'content under guard',
    {
      messages: [says({ guardContent: { text: { text: 'x' } } })],
      guardrailConfig: { guardrailIdentifier: 'a', guardrailVersion: '1', trace: 'enabled' },
    },
  ],
  ['a model’s own fields', { additionalModelRequestFields: { top_k: 5, anthropic_beta: ['x'] } }],
  ['a schema for the output', output('{"type":"object","additionalProperties":false}')],
  ['labels, latency and tier', { requestMetadata: { a: 'b' }, performanceConfig: { latency: 'optimized' }, serviceTier: { type: 'flex' } }],
  [
    'all of it for a model of a test’s own',
    { model: 'own', ...choosing({ any: {} }), system: [text('x'), cachePoint], inferenceConfig: { topP: 0.5 } },
  ],
];

test.each(taken)('takes %s', async (_, fields) => {
  expect(await ask(fields)).toMatchObject({ status: 200 });
  expect(await ask({ ...fields, operation: 'converse-stream' })).toMatchObject({ status: 200 });
});
