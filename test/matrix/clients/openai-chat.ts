import OpenAI, { APIError, AzureOpenAI } from 'openai';
import type {
  ChatCompletion,
  ChatCompletionContentPart,
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import {
  Inexpressible,
  SdkError,
  textContent,
  write,
  type Client,
  type Content,
  type Ear,
  type Gateway,
  type Manner,
  type Options,
  type Said,
  type Session,
  type Usage,
  type Writers,
} from '../conversation.ts';

/** Beside what the SDK's types know: where servers show what a model thinks. */
interface Reasoning {
  reasoning_content?: string;
  reasoning?: string;
}
const reasoningFields = ['reasoning_content', 'reasoning'] as const;

const chat =
  (connect: (gateway: Gateway, ear: Ear) => OpenAI) =>
  (gateway: Gateway, model: string, ear: Ear): Session => {
    const client = connect(gateway, ear);
    const messages: ChatCompletionMessageParam[] = [];

    async function ask(body: ChatCompletionCreateParamsBase, { stream = false, usage = true, signal, onDelta }: Manner): Promise<Said> {
      const requestOptions = { ...(signal && { signal }) };
      if (!stream) return take(await client.chat.completions.create({ ...body, stream: false }, requestOptions), 0);
      const events = client.chat.completions.stream(
        { ...body, stream: true, ...(usage && { stream_options: { include_usage: true } }) },
        requestOptions,
      );
      const thoughts: Required<Reasoning> = { reasoning_content: '', reasoning: '' };
      let [deltas, usageEvents] = [0, 0];
      for await (const { choices, usage: counts } of events) {
        if (counts && choices.length === 0) usageEvents += 1;
        const delta: (typeof choices)[number]['delta'] & Reasoning = choices[0]?.delta ?? {};
        for (const field of reasoningFields) thoughts[field] += delta[field] ?? '';
        if (!delta.content) continue;
        deltas += 1;
        onDelta?.();
      }
      const completion = await events.finalChatCompletion();
      const message: (ChatCompletion.Choice['message'] & Reasoning) | Reasoning = completion.choices[0]?.message ?? {};
      // The SDK keeps of a field that it does not know the last delta alone.
      for (const field of reasoningFields) if (message[field] !== undefined) message[field] = thoughts[field];
      return { ...take(completion, deltas), usageEvents };
    }

    function take({ choices, usage }: ChatCompletion, deltas: number): Said {
      const [first] = choices;
      if (first === undefined) throw new Error('there is no choice');
      const message: typeof first.message & Reasoning = first.message;
      const { parsed: _, ...said } = { parsed: undefined, ...message }; // what the SDK's stream adds is no parameter of a message
      messages.push(said);
      return {
        text: message.content ?? '',
        choices: choices.map((choice) => choice.message.content ?? ''),
        reasoning: message.reasoning_content ?? message.reasoning ?? '',
        calls: (message.tool_calls ?? []).flatMap((call) =>
          call.type === 'function'
            ? [{ id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments || '{}') as unknown }]
            : [],
        ),
        finish: message.refusal ? 'refusal' : (finishes[first.finish_reason] ?? 'other'),
        usage: usage ? toUsage(usage) : undefined,
        logprobs: first.logprobs?.content?.length ?? 0,
        deltas,
      };
    }

    return {
      system: (text, { isCached = false } = {}) =>
        void messages.push({
          role: messages.length === 0 ? 'system' : 'developer',
          content: isCached ? [{ type: 'text', text, ...cacheBreakpoint }] : text,
        }),
      user: (...content) => void messages.push({ role: 'user', content: content.map((item) => toPart(textContent(item))) }),
      results: (...results) => {
        for (const { call, text, image, isError } of results) {
          if (image || isError) throw new Inexpressible('a tool message is text');
          messages.push({ role: 'tool', tool_call_id: call.id, content: text });
        }
      },
      async answer(options: Options = {}, manner: Manner = {}) {
        const body = write<ChatCompletionCreateParamsBase>({ model, messages }, options, writers);
        return ask(body, manner).catch((error: unknown) => {
          throw new SdkError(error, error instanceof APIError ? error.status : undefined);
        });
      },
    };
  };

const options = (key: string, ear: Ear) => ({ apiKey: key, maxRetries: 0, fetch: ear.fetch });

export const openaiChatClient: Client = {
  name: 'openai-chat',
  sdk: 'openai',
  protocol: 'openai-chat',
  open: chat(({ url, key }, ear) => new OpenAI({ baseURL: `${url}/v1`, ...options(key, ear) })),
};

/** The same words on Azure's paths. */
export const azureClient: Client = {
  name: 'openai-chat, Azure paths',
  sdk: 'AzureOpenAI of openai',
  protocol: 'openai-chat',
  open: chat(({ url, key }, ear) => new AzureOpenAI({ endpoint: url, apiVersion: '2024-10-21', ...options(key, ear) })),
};

export const finishes: Readonly<Record<string, Said['finish']>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'refusal',
  // Together's and TGI's own words
  eos: 'stop',
  stop_sequence: 'stop',
};

export function toUsage({
  prompt_tokens,
  completion_tokens,
  prompt_tokens_details: input,
  completion_tokens_details: output,
}: OpenAI.CompletionUsage): Usage {
  return {
    input: prompt_tokens,
    output: completion_tokens,
    cacheRead: input?.cached_tokens ?? 0,
    cacheWrite: input?.cache_write_tokens ?? 0,
    reasoning: output?.reasoning_tokens ?? 0,
  };
}

export const cacheBreakpoint = { prompt_cache_breakpoint: { mode: 'explicit' as const } };

function toPart(content: Content): ChatCompletionContentPart {
  switch (content.type) {
    case 'text':
      return { type: 'text', text: content.text, ...(content.isCached && cacheBreakpoint) };
    case 'image':
      return { type: 'image_url', image_url: { url: dataUrl(content) } };
    case 'image-url':
      return { type: 'image_url', image_url: { url: content.url } };
    case 'document':
      return { type: 'file', file: { filename: content.name, file_data: dataUrl(content) } };
    case 'audio':
      return { type: 'input_audio', input_audio: { data: content.base64, format: 'wav' } };
  }
}

export const dataUrl = ({ mediaType, base64 }: { mediaType: string; base64: string }): string => `data:${mediaType};base64,${base64}`;

const writers: Writers<ChatCompletionCreateParamsBase> = {
  tools: (tools) => ({ tools: tools.map((tool) => ({ type: 'function', function: tool })) }),
  toolChoice: (choice) => ({ tool_choice: typeof choice === 'string' ? choice : { type: 'function', function: choice } }),
  oneCall: () => ({ parallel_tool_calls: false }),
  schema: (schema) => ({ response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } }),
  effort: (reasoning_effort) => ({ reasoning_effort }),
  showReasoning: () => ({ reasoning_effort: 'high' }),
  maxTokens: (max_completion_tokens) => ({ max_completion_tokens }),
  temperature: (temperature) => ({ temperature }),
  topP: (top_p) => ({ top_p }),
  frequencyPenalty: (frequency_penalty) => ({ frequency_penalty }),
  presencePenalty: (presence_penalty) => ({ presence_penalty }),
  seed: (seed) => ({ seed }),
  stop: (stop) => ({ stop: [...stop] }),
  choices: (n) => ({ n }),
  logprobs: (top_logprobs) => ({ logprobs: true, top_logprobs }),
  user: (user) => ({ user }),
  metadata: (metadata) => ({ metadata }),
  serviceTier: () => ({ service_tier: 'flex' }),
  prediction: (content) => ({ prediction: { type: 'content', content } }),
  verbosity: (verbosity) => ({ verbosity }),
  cacheKey: (prompt_cache_key) => ({ prompt_cache_key }),
};
