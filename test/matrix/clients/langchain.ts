import { type AIMessageChunk, HumanMessage, SystemMessage, ToolMessage, type BaseMessage, type UsageMetadata } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import {
  Inexpressible,
  SdkError,
  textContent,
  type Client,
  type Content,
  type Ear,
  type Gateway,
  type Manner,
  type Options,
  type Said,
  type Session,
  type Usage,
} from '../conversation.ts';
import { dataUrl, finishes } from './openai-chat.ts';

/** LangChain's client for OpenAI, over Chat Completions. */
function open({ url, key }: Gateway, model: string, ear: Ear): Session {
  const chat = new ChatOpenAI({
    model,
    apiKey: key,
    maxRetries: 0,
    useResponsesApi: false,
    configuration: { baseURL: `${url}/v1`, fetch: ear.fetch },
  });
  const messages: BaseMessage[] = [];

  async function ask(options: Options, { stream = false, signal, onDelta }: Manner): Promise<Said> {
    const call = { ...toCallOptions(options), ...(signal && { signal }) };
    if (!stream) return take(await chat.invoke(messages, call), 0);
    let whole: AIMessageChunk | undefined;
    let deltas = 0;
    for await (const chunk of await chat.stream(messages, call)) {
      whole = whole === undefined ? chunk : whole.concat(chunk);
      if (chunk.text === '') continue;
      deltas += 1;
      onDelta?.();
    }
    if (whole === undefined) throw new Error('there are no chunks');
    // A stream that is cut ends as one that is complete does; this is how its client can tell.
    if (whole.response_metadata['finish_reason'] === undefined) throw new Error('there is no finish reason');
    return take(whole, deltas);
  }

  function take(message: AIMessageChunk, deltas: number): Said {
    messages.push(message);
    const { text, tool_calls: calls = [], response_metadata: metadata } = message;
    return {
      text,
      choices: [text],
      reasoning: '',
      calls: calls.map(({ id = '', name, args }) => ({ id, name, arguments: args })),
      finish: finishes[String(metadata['finish_reason'])] ?? 'other',
      usage: toUsage(message.usage_metadata),
      logprobs: 0,
      deltas,
    };
  }

  return {
    system(text, { isCached } = {}) {
      if (isCached) throw new Inexpressible('cache');
      messages.push(new SystemMessage(text));
    },
    user: (...content) => void messages.push(new HumanMessage({ content: content.map((item) => toPart(textContent(item))) })),
    results(...results) {
      for (const { call, text, isError, image } of results) {
        if (isError || image) throw new Inexpressible('tried with OpenAI’s own SDK');
        messages.push(new ToolMessage({ tool_call_id: call.id, name: call.name, content: text }));
      }
    },
    async answer(options = {}, manner = {}) {
      if (manner.usage === false) throw new Inexpressible('usage is always asked for');
      return ask(options, manner).catch((error: unknown) => {
        if (error instanceof Inexpressible) throw error;
        throw new SdkError(error, statusOf(error));
      });
    },
  };
}

export const langchainClient: Client = {
  name: 'openai-chat, LangChain',
  sdk: '@langchain/openai',
  protocol: 'openai-chat',
  without: ['end: refusal'],
  open,
};

const toUsage = (usage: UsageMetadata | undefined): Usage | undefined =>
  usage && {
    input: usage.input_tokens,
    output: usage.output_tokens,
    cacheRead: usage.input_token_details?.cache_read ?? 0,
    cacheWrite: usage.input_token_details?.cache_creation ?? 0,
    reasoning: usage.output_token_details?.reasoning ?? 0,
  };

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;

function toPart(content: Content) {
  switch (content.type) {
    case 'text':
      if (content.isCached) throw new Inexpressible('cache');
      return { type: 'text' as const, text: content.text };
    case 'image':
      return { type: 'image_url' as const, image_url: { url: dataUrl(content) } };
    case 'document':
    case 'audio':
    case 'image-url':
      throw new Inexpressible('tried with OpenAI’s own SDK');
  }
}

/** The options that this driver tries; the others are tried with OpenAI's own SDK. */
function toCallOptions({ tools, toolChoice, schema, stop, ...others }: Options) {
  if (Object.keys(others).length > 0) throw new Inexpressible('tried with OpenAI’s own SDK');
  return {
    ...(tools && { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) }),
    ...(toolChoice && { tool_choice: typeof toolChoice === 'string' ? toolChoice : { type: 'function' as const, function: toolChoice } }),
    ...(schema && { response_format: { type: 'json_schema' as const, json_schema: { name: 'answer', schema, strict: true } } }),
    ...(stop && { stop: [...stop] }),
  };
}
