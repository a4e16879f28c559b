import Anthropic from '@anthropic-ai/sdk';
import { BedrockRuntimeClient, ConverseStreamCommand, type ConverseStreamOutput } from '@aws-sdk/client-bedrock-runtime';
import { createOpenAI } from '@ai-sdk/openai';
import { GoogleGenAI, type GenerateContentResponse } from '@google/genai';
import { HumanMessage, type UsageMetadata } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { streamText } from 'ai';
import OpenAI from 'openai';

/** What an SDK makes of a stream: what it had read when it threw. */
export interface ReadStream {
  text: string;
  /** Output tokens as the SDK reports them to who asked; undefined where it told of none. */
  outputTokens: number | undefined;
  /** What it threw; undefined where it took the answer for complete. */
  error: unknown;
}

/** Where a gateway is, and who asks. */
interface Place {
  url: string;
  key: string;
}

/** A way of an SDK to read a stream. */
export interface StreamReader {
  name: string;
  protocol: 'openai-chat' | 'openai-completions' | 'openai-responses' | 'anthropic-messages' | 'gemini-generate' | 'bedrock-converse';
  /** Whether the SDK tells of usage in an answer that ends in an error: also if the connection then breaks, only if it closes, or never. */
  tellsUsage: 'always' | 'if-closed' | 'never';
  /** Whether what it throws is of a class or a kind of its own for this error. */
  isTyped(error: unknown): boolean;
  read(place: Place, model: string): Promise<ReadStream>;
}

const question = 'Tell me a long story.';

/** Reads to the end, or to what is thrown. */
async function reading(work: (seen: ReadStream) => Promise<void>): Promise<ReadStream> {
  const seen: ReadStream = { text: '', outputTokens: undefined, error: undefined };
  try {
    await work(seen);
  } catch (error) {
    seen.error ??= error; // what the SDK told of before counts
  }
  return seen;
}

const openai = ({ url, key }: Place): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const anthropic = ({ url, key }: Place): Anthropic => new Anthropic({ baseURL: url, authToken: key, apiKey: null, maxRetries: 0 });
const google = ({ url, key }: Place): GoogleGenAI => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
const aiSdk = ({ url, key }: Place): ReturnType<typeof createOpenAI> => createOpenAI({ baseURL: `${url}/v1`, apiKey: key });

const isOpenAIs = (error: unknown): boolean => error instanceof OpenAI.APIError && error.code === 'budget-exceeded';
const isAnthropics = (error: unknown): boolean => error instanceof Anthropic.APIError && error.type === 'rate_limit_error';
const isGoogles = (error: unknown): boolean => error instanceof Error && error.name === 'ApiError' && 'status' in error && error.status === 429;
const isAmazons = (error: unknown): boolean => error instanceof Error && error.name === 'ThrottlingException';
const isSaid = (error: unknown): boolean => JSON.stringify(error).includes('budget-exceeded') || String(error).includes('budget');

const chatBody = (model: string) => ({ model, stream_options: { include_usage: true }, messages: [{ role: 'user' as const, content: question }] });
const messageBody = (model: string) => ({ model, max_tokens: 8000, messages: [{ role: 'user' as const, content: question }] });

export const streamReaders: readonly StreamReader[] = [
  {
    name: 'openai, chunk by chunk',
    protocol: 'openai-chat',
    tellsUsage: 'always',
    isTyped: isOpenAIs,
    read: (place, model) =>
      reading(async (seen) => {
        for await (const chunk of await openai(place).chat.completions.create({ ...chatBody(model), stream: true })) {
          seen.text += chunk.choices[0]?.delta.content ?? '';
          seen.outputTokens = chunk.usage?.completion_tokens ?? seen.outputTokens;
        }
      }),
  },
  {
    name: "openai's helper for chat",
    protocol: 'openai-chat',
    tellsUsage: 'never',
    isTyped: isOpenAIs,
    read: (place, model) =>
      reading(async (seen) => {
        const stream = openai(place).chat.completions.stream(chatBody(model));
        stream.on('content', (delta) => void (seen.text += delta));
        await stream.finalChatCompletion();
      }),
  },
  {
    name: 'openai, text completions',
    protocol: 'openai-completions',
    tellsUsage: 'always',
    isTyped: isOpenAIs,
    read: (place, model) =>
      reading(async (seen) => {
        const body = { model, prompt: question, max_tokens: 3000, stream_options: { include_usage: true }, stream: true } as const;
        for await (const chunk of await openai(place).completions.create(body)) {
          seen.text += chunk.choices[0]?.text ?? '';
          seen.outputTokens = chunk.usage?.completion_tokens ?? seen.outputTokens;
        }
      }),
  },
  {
    name: 'openai, event by event of Responses',
    protocol: 'openai-responses',
    tellsUsage: 'always',
    isTyped: isOpenAIs,
    read: (place, model) =>
      reading(async (seen) => {
        for await (const event of await openai(place).responses.create({ model, input: question, stream: true })) {
          if (event.type === 'response.output_text.delta') seen.text += event.delta;
          if (event.type === 'response.incomplete') seen.outputTokens = event.response.usage?.output_tokens;
        }
      }),
  },
  {
    name: "openai's helper for Responses",
    protocol: 'openai-responses',
    tellsUsage: 'always',
    isTyped: isOpenAIs,
    read: (place, model) =>
      reading(async (seen) => {
        const stream = openai(place).responses.stream({ model, input: question });
        stream.on('response.output_text.delta', ({ delta }) => void (seen.text += delta));
        stream.on('response.incomplete', ({ response }) => void (seen.outputTokens = response.usage?.output_tokens));
        await stream.finalResponse();
      }),
  },
  {
    name: '@anthropic-ai/sdk, event by event',
    protocol: 'anthropic-messages',
    tellsUsage: 'always',
    isTyped: isAnthropics,
    read: (place, model) =>
      reading(async (seen) => {
        for await (const event of await anthropic(place).messages.create({ ...messageBody(model), stream: true })) {
          if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') seen.text += event.delta.text;
          if (event.type === 'message_delta') seen.outputTokens = event.usage.output_tokens;
        }
      }),
  },
  {
    name: "@anthropic-ai/sdk's helper",
    protocol: 'anthropic-messages',
    tellsUsage: 'always',
    isTyped: isAnthropics,
    read: (place, model) =>
      reading(async (seen) => {
        const stream = anthropic(place).messages.stream(messageBody(model));
        stream.on('text', (delta) => void (seen.text += delta));
        stream.on('streamEvent', (event, snapshot) => {
          if (event.type === 'message_delta') seen.outputTokens = snapshot.usage.output_tokens;
        });
        await stream.finalMessage();
      }),
  },
  {
    name: '@google/genai',
    protocol: 'gemini-generate',
    tellsUsage: 'always',
    isTyped: isGoogles,
    read: (place, model) =>
      reading(async (seen) => collectGemini(await google(place).models.generateContentStream({ model, contents: question }), seen)),
  },
  {
    name: "@google/genai's chat",
    protocol: 'gemini-generate',
    tellsUsage: 'always',
    isTyped: isGoogles,
    read: (place, model) =>
      reading(async (seen) => collectGemini(await google(place).chats.create({ model }).sendMessageStream({ message: question }), seen)),
  },
  {
    name: '@aws-sdk/client-bedrock-runtime',
    protocol: 'bedrock-converse',
    tellsUsage: 'always',
    isTyped: isAmazons,
    read: ({ url, key }, model) =>
      reading(async (seen) => {
        const client = new BedrockRuntimeClient({
          endpoint: url,
          region: 'eu-central-1',
          token: { token: key },
          authSchemePreference: ['httpBearerAuth'],
          maxAttempts: 1,
        });
        try {
          const command = new ConverseStreamCommand({ modelId: model, messages: [{ role: 'user', content: [{ text: question }] }] });
          const { stream = [] } = await client.send(command);
          for await (const event of stream as AsyncIterable<ConverseStreamOutput>) {
            seen.text += event.contentBlockDelta?.delta?.text ?? '';
            seen.outputTokens = event.metadata?.usage?.outputTokens ?? seen.outputTokens;
          }
        } finally {
          client.destroy();
        }
      }),
  },
  {
    name: 'the AI SDK, chat',
    protocol: 'openai-chat',
    tellsUsage: 'if-closed',
    isTyped: isSaid,
    read: (place, model) => readAiSdk(aiSdk(place).chat(model)),
  },
  {
    name: 'the AI SDK, Responses',
    protocol: 'openai-responses',
    tellsUsage: 'if-closed',
    isTyped: isSaid,
    read: (place, model) => readAiSdk(aiSdk(place).responses(model)),
  },
  {
    name: 'LangChain, chat',
    protocol: 'openai-chat',
    tellsUsage: 'never',
    isTyped: isOpenAIs,
    read: (place, model) => readLangChain(place, model, false),
  },
  {
    name: 'LangChain, Responses',
    protocol: 'openai-responses',
    tellsUsage: 'always',
    isTyped: isOpenAIs,
    read: (place, model) => readLangChain(place, model, true),
  },
];

async function collectGemini(stream: AsyncIterable<GenerateContentResponse>, seen: ReadStream): Promise<void> {
  for await (const chunk of stream) {
    seen.text += (chunk.candidates?.[0]?.content?.parts ?? []).map(({ text = '', thought }) => (thought ? '' : text)).join('');
    seen.outputTokens = chunk.usageMetadata?.candidatesTokenCount ?? seen.outputTokens;
  }
}

const readAiSdk = (model: Parameters<typeof streamText>[0]['model']): Promise<ReadStream> =>
  reading(async (seen) => {
    const { fullStream } = streamText({ model, prompt: question, maxOutputTokens: 8000, maxRetries: 0, onError() {} });
    for await (const part of fullStream) {
      if (part.type === 'text-delta') seen.text += part.text;
      if (part.type === 'error') seen.error = seen.error === undefined ? part.error : new Error('a second error beside the first');
      if (part.type === 'finish-step') seen.outputTokens = part.usage.outputTokens;
    }
  });

const readLangChain = ({ url, key }: Place, model: string, useResponsesApi: boolean): Promise<ReadStream> =>
  reading(async (seen) => {
    const chat = new ChatOpenAI({ model, apiKey: key, maxRetries: 0, useResponsesApi, configuration: { baseURL: `${url}/v1` } });
    for await (const chunk of await chat.stream([new HumanMessage(question)])) {
      seen.text += chunk.text;
      seen.outputTokens = outputOf(chunk.usage_metadata) ?? seen.outputTokens;
    }
  });

const outputOf = (usage: UsageMetadata | undefined): number | undefined => usage?.output_tokens;
