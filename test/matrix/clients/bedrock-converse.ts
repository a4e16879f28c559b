import { BedrockRuntimeClient, BedrockRuntimeServiceException, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import type { ContentBlock, ConverseRequest, Message, SystemContentBlock, Tool } from '@aws-sdk/client-bedrock-runtime';
import { HttpResponse } from '@smithy/core/protocols';
import type { DeserializeMiddleware } from '@smithy/types';
import {
  hear,
  Inexpressible,
  SdkError,
  textContent,
  write,
  type Client,
  type Content,
  type Ear,
  type Gateway,
  type Manner,
  type Said,
  type Session,
  type Writers,
} from '../conversation.ts';
import { collect, type Collected } from './bedrock-stream.ts';

/** One for each gateway: it keeps a connection of its own. */
const connections = new Map<string, BedrockRuntimeClient>();

function connect({ url, key }: Gateway): BedrockRuntimeClient {
  const known = connections.get(url);
  if (known !== undefined) return known;
  const client = new BedrockRuntimeClient({
    endpoint: url,
    region: 'eu-central-1',
    token: { token: key },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
  });
  connections.set(url, client);
  return client;
}

/** Hears the headers of a command's response. */
const hearing =
  <Input extends object, Output extends object>(ear: Ear): DeserializeMiddleware<Input, Output> =>
  (next) =>
  async (args) => {
    const result = await next(args);
    const { response } = result;
    if (HttpResponse.isInstance(response)) hear(ear, new Headers(Object.entries(response.headers).filter(([name]) => !name.startsWith(':'))));
    return result;
  };

const heard = { step: 'deserialize', priority: 'low' } as const;

function open(gateway: Gateway, model: string, ear: Ear): Session {
  const client = connect(gateway);
  const system: SystemContentBlock[] = [];
  const messages: Message[] = [];

  async function ask(body: ConverseRequest, { stream = false, signal, onDelta }: Manner): Promise<Said> {
    const requestOptions = { ...(signal && { abortSignal: signal }) };
    if (!stream) {
      const command = new ConverseCommand(body);
      command.middlewareStack.add(hearing(ear), heard);
      const { output, stopReason = '', usage } = await client.send(command, requestOptions);
      return take({ content: output?.message?.content ?? [], stopReason, usage, deltas: 0 });
    }
    const command = new ConverseStreamCommand(body);
    command.middlewareStack.add(hearing(ear), heard);
    const { stream: events } = await client.send(command, requestOptions);
    return take(await collect(events ?? [], onDelta));
  }

  function take({ content, stopReason, usage, deltas }: Collected): Said {
    messages.push({ role: 'assistant', content });
    const text = content.map((block) => block.text ?? '').join('');
    const { inputTokens = 0, outputTokens = 0, cacheReadInputTokens: read = 0, cacheWriteInputTokens: written = 0 } = usage ?? {};
    return {
      text,
      choices: [text],
      reasoning: content.map(({ reasoningContent }) => reasoningContent?.reasoningText?.text ?? '').join(''),
      calls: content.flatMap(({ toolUse }) => (toolUse ? [{ id: toolUse.toolUseId ?? '', name: toolUse.name ?? '', arguments: toolUse.input }] : [])),
      finish: finishes[stopReason] ?? 'other',
      usage: usage && { input: inputTokens + read + written, output: outputTokens, cacheRead: read, cacheWrite: written },
      logprobs: 0,
      deltas,
    };
  }

  return {
    system(text, { isCached = false } = {}) {
      if (messages.length > 0) throw new Inexpressible('system prompts stand before all turns');
      system.push({ text }, ...(isCached ? [cachePoint] : []));
    },
    user: (...content) => void messages.push({ role: 'user', content: content.flatMap((item) => toBlocks(textContent(item))) }),
    results(...results) {
      const content = results.map(({ call, text, isError, image }): ContentBlock => ({
        toolResult: {
          toolUseId: call.id,
          content: [{ text }, ...(image ? [{ image: { format: 'png' as const, source: { bytes: bytesOf(image) } } }] : [])],
          ...(isError && { status: 'error' }),
        },
      }));
      messages.push({ role: 'user', content });
    },
    async answer(options = {}, manner = {}) {
      if (manner.usage === false) throw new Inexpressible('usage is always there');
      const body = write<ConverseRequest>({ modelId: model, messages, ...(system.length > 0 && { system }) }, options, writers);
      return ask(body, manner).catch((error: unknown) => {
        throw new SdkError(error, statusOf(error));
      });
    },
  };
}

export const bedrockClient: Client = { name: 'bedrock-converse', sdk: '@aws-sdk/client-bedrock-runtime', protocol: 'bedrock-converse', open };

/** An error inside a stream is one of the SDK's too, but without what belongs to a response. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof BedrockRuntimeServiceException)) return undefined;
  const metadata: Partial<typeof error.$metadata> | undefined = error.$metadata;
  return metadata?.httpStatusCode;
}

const finishes: Readonly<Record<string, Said['finish']>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  content_filtered: 'refusal',
  guardrail_intervened: 'refusal',
  refusal: 'refusal',
};

const cachePoint = { cachePoint: { type: 'default' as const } };
const bytesOf = ({ base64 }: { base64: string }): Uint8Array => Buffer.from(base64, 'base64');

function toBlocks(content: Content): ContentBlock[] {
  switch (content.type) {
    case 'text':
      return [{ text: content.text }, ...(content.isCached ? [cachePoint] : [])];
    case 'image':
      return [{ image: { format: 'png', source: { bytes: bytesOf(content) } } }];
    case 'document':
      return [{ document: { format: 'pdf', name: content.name.replace('.pdf', ''), source: { bytes: bytesOf(content) } } }];
    case 'audio':
      return [{ audio: { format: 'wav', source: { bytes: bytesOf(content) } } }];
    case 'image-url':
      throw new Inexpressible('images are bytes');
  }
}

const thinking = (budget_tokens: number): Partial<ConverseRequest> => ({
  additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens } },
});

const writers: Writers<ConverseRequest> = {
  tools: (tools) => ({
    toolConfig: {
      tools: tools.map(({ name, description, parameters }): Tool => ({
        toolSpec: { name, description, inputSchema: { json: parameters as never } },
      })),
    },
  }),
  toolChoice(choice) {
    if (choice === 'none') throw new Inexpressible('there is no such choice');
    return { toolConfig: { toolChoice: typeof choice === 'object' ? { tool: choice } : choice === 'auto' ? { auto: {} } : { any: {} } } };
  },
  schema: (schema) => ({
    outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'answer', schema: JSON.stringify(schema) } } } },
  }),
  budgetTokens: thinking,
  showReasoning: () => thinking(2048),
  maxTokens: (maxTokens) => ({ inferenceConfig: { maxTokens } }),
  temperature: (temperature) => ({ inferenceConfig: { temperature } }),
  topP: (topP) => ({ inferenceConfig: { topP } }),
  stop: (stop) => ({ inferenceConfig: { stopSequences: [...stop] } }),
  metadata: (requestMetadata) => ({ requestMetadata }),
  serviceTier: () => ({ serviceTier: { type: 'flex' } }),
};
