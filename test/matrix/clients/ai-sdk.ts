import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, jsonSchema, Output, streamText, tool, type LanguageModelUsage, type ModelMessage, type ToolSet } from 'ai';
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
} from '../conversation.ts';
import { finishes } from './openai-chat.ts';

/** What `generateText` gives, and `streamText` promises. */
interface Result {
  text: string;
  reasoningText: string | undefined;
  toolCalls: readonly { toolCallId: string; toolName: string; input: unknown }[];
  rawFinishReason: string | undefined;
  usage: LanguageModelUsage;
  response: { messages: readonly ModelMessage[] };
}

/** The AI SDK, over Chat Completions. */
function open({ url, key }: Gateway, model: string, ear: Ear): Session {
  const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key, fetch: ear.fetch });
  const messages: ModelMessage[] = [];
  const system: string[] = [];

  async function ask(options: Options, { stream = false, signal, onDelta }: Manner): Promise<Said> {
    const instructions = system.map((content) => ({ role: 'system' as const, content }));
    const call = {
      model: openai.chat(model),
      messages,
      maxRetries: 0,
      ...(instructions.length > 0 && { instructions }),
      ...toSettings(options),
      ...(signal && { abortSignal: signal }),
    };
    if (!stream) return take(await generateText(call), 0);
    let failure: unknown;
    const streamed = streamText({ ...call, onError: ({ error }) => void (failure = error) });
    let deltas = 0;
    for await (const _ of streamed.textStream) {
      deltas += 1;
      onDelta?.();
    }
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error(JSON.stringify(failure));
    const [text, reasoningText, toolCalls, rawFinishReason, usage, response] = await Promise.all([
      streamed.text,
      streamed.reasoningText,
      streamed.toolCalls,
      streamed.rawFinishReason,
      streamed.usage,
      streamed.response,
    ]);
    return take({ text, reasoningText, toolCalls, rawFinishReason, usage, response }, deltas);
  }

  function take({ text, reasoningText = '', toolCalls, rawFinishReason = '', usage, response }: Result, deltas: number): Said {
    // A stream without a finish reason ends so, without an error.
    if (rawFinishReason === '') throw new Error('the stream has no end');
    messages.push(...response.messages);
    return {
      text,
      choices: [text],
      reasoning: reasoningText,
      calls: toolCalls.map(({ toolCallId, toolName, input }) => ({ id: toolCallId, name: toolName, arguments: input })),
      finish: finishes[rawFinishReason] ?? 'other',
      usage: {
        input: usage.inputTokens ?? 0,
        output: usage.outputTokens ?? 0,
        cacheRead: usage.inputTokenDetails.cacheReadTokens ?? 0,
        cacheWrite: usage.inputTokenDetails.cacheWriteTokens ?? 0,
        reasoning: usage.outputTokenDetails.reasoningTokens ?? 0,
      },
      logprobs: 0,
      deltas,
    };
  }

  return {
    system(text, { isCached } = {}) {
      if (isCached || messages.length > 0) throw new Inexpressible('instructions stand before all turns');
      system.push(text);
    },
    user: (...content) => void messages.push({ role: 'user', content: content.map((item) => toPart(textContent(item))) }),
    results(...results) {
      const content = results.map(({ call, text, isError, image }) => {
        if (isError || image) throw new Inexpressible('Chat Completions take the text of a result');
        return { type: 'tool-result' as const, toolCallId: call.id, toolName: call.name, output: { type: 'text' as const, value: text } };
      });
      messages.push({ role: 'tool', content });
    },
    async answer(options = {}, manner = {}) {
      if (manner.usage === false) throw new Inexpressible('usage is always asked for');
      return ask(options, manner).catch((error: unknown) => {
        if (error instanceof Inexpressible) throw error;
        throw new SdkError(error, APICallError.isInstance(error) ? error.statusCode : undefined);
      });
    },
  };
}

export const aiSdkClient: Client = {
  name: 'openai-chat, AI SDK',
  sdk: 'ai with @ai-sdk/openai',
  protocol: 'openai-chat',
  without: ['end: refusal'],
  open,
};

function toPart(content: Content) {
  switch (content.type) {
    case 'text':
      if (content.isCached) throw new Inexpressible('cache');
      return { type: 'text' as const, text: content.text };
    case 'image':
      return { type: 'file' as const, data: content.base64, mediaType: content.mediaType };
    case 'document':
    case 'audio':
    case 'image-url':
      throw new Inexpressible('tried with OpenAI’s own SDK');
  }
}

/** The settings that this driver tries; the others are tried with OpenAI's own SDK. */
function toSettings({ tools = [], toolChoice = 'auto', schema, maxTokens, stop, ...others }: Options) {
  if (Object.keys(others).length > 0) throw new Inexpressible('tried with OpenAI’s own SDK');
  const set: ToolSet = Object.fromEntries(
    tools.map(({ name, description, parameters }) => [name, tool({ description, inputSchema: jsonSchema<Record<string, unknown>>(parameters) })]),
  );
  return {
    ...(tools.length > 0 && {
      tools: set,
      toolChoice: typeof toolChoice === 'string' ? toolChoice : { type: 'tool' as const, toolName: toolChoice.name },
    }),
    ...(schema && { output: Output.object({ schema: jsonSchema(schema) }) }),
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(stop && { stopSequences: [...stop] }),
  };
}
