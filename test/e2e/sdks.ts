import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages/messages';
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import { anthropicClient, keys, openaiClient } from './gateway.ts';

/** A question in words that both protocols have. */
export interface Question {
  model: string;
  system?: string;
  turns: readonly Turn[];
  tools?: readonly Tool[];
  maxTokens?: number;
  stop?: readonly string[];
  stream?: boolean;
  /** Further fields of the SDK's own parameters. */
  more?: Record<string, unknown>;
}

/** One side's turn: what a person says, what an earlier answer was, or what the tools gave. */
export type Turn = { user: string } | { answer: Pick<Answer, 'text' | 'calls'> } | { results: readonly { id: string; text: string }[] };

export interface Tool {
  name: string;
  /** JSON Schema of an object. */
  parameters: { type: 'object' } & Record<string, unknown>;
}

export interface Call {
  id: string;
  name: string;
  /** JSON text, exact where the SDK gives it: Anthropic's parses that of JSON answers. */
  arguments: string;
}

/** What the SDK made of an answer. */
export interface Answer {
  text: string;
  calls: readonly Call[];
  finish: string | null;
  /** In the SDK's own terms. */
  usage: Record<string, unknown> | undefined;
  /** Of the response. */
  headers: Headers;
  /** The id that the SDK shows to people who ask for support. */
  requestId: string | null | undefined;
}

/** What a client of the gateway changes of the SDK's defaults; here it also sees all responses. */
export interface ClientOptions {
  key?: string;
  maxRetries?: number;
  headers?: Record<string, string | null>;
  onResponse?: (response: Response) => void;
}

/** An official SDK as a client of the gateway. */
export interface Sdk {
  name: 'openai' | '@anthropic-ai/sdk';
  /** Where its errors are: `APIError`, `RateLimitError`… */
  errors: Pick<
    typeof OpenAI | typeof Anthropic,
    'APIError' | 'BadRequestError' | 'AuthenticationError' | 'PermissionDeniedError' | 'NotFoundError' | 'RateLimitError' | 'InternalServerError'
  >;
  /** Asks and gives the whole answer, streamed or not, by the SDK's own helpers. Throws the SDK's errors. */
  ask(gateway: { url: string }, question: Question, options?: ClientOptions): Promise<Answer>;
  /** Opens a stream and gives its text as it comes, by the SDK's plain iterator. */
  texts(gateway: { url: string }, question: Question, signal?: AbortSignal): AsyncIterable<string>;
}

export const openaiSdk: Sdk = {
  name: 'openai',
  errors: OpenAI,
  async ask(gateway, question, options = {}) {
    let headers = new Headers();
    const client = openaiClient(gateway, options.key ?? keys.open).withOptions(clientOptions(options, (received) => (headers = received)));
    const body = openaiBody(question);
    const completion: OpenAI.ChatCompletion & { _request_id?: string | null } =
      question.stream === true ? await client.chat.completions.stream(body).finalChatCompletion() : await client.chat.completions.create(body);
    const [choice] = completion.choices;
    return {
      text: choice?.message.content ?? '',
      calls: (choice?.message.tool_calls ?? []).flatMap((call) =>
        call.type === 'function' ? [{ id: call.id, name: call.function.name, arguments: call.function.arguments }] : [],
      ),
      finish: choice?.finish_reason ?? null,
      usage: completion.usage && { ...completion.usage },
      headers,
      requestId: question.stream === true ? headers.get('x-request-id') : completion['_request_id'],
    };
  },
  async *texts(gateway, question, signal) {
    const stream = await openaiClient(gateway).chat.completions.create({ ...openaiBody(question), stream: true }, { ...(signal && { signal }) });
    for await (const { choices } of stream) if (choices[0]?.delta.content) yield choices[0].delta.content;
  },
};

export const anthropicSdk: Sdk = {
  name: '@anthropic-ai/sdk',
  errors: Anthropic,
  async ask(gateway, question, options = {}) {
    let headers = new Headers();
    const { messages } = anthropicClient(gateway, options.key ?? keys.open).withOptions(clientOptions(options, (received) => (headers = received)));
    const body = anthropicBody(question);
    const exact = new Map<number, string>();
    const message: Anthropic.Message & { _request_id?: string | null } =
      question.stream === true ? await collect(messages.stream(body), exact) : await messages.create(body);
    return {
      text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      calls: message.content.flatMap((block, index) =>
        block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: exact.get(index) ?? JSON.stringify(block.input) }] : [],
      ),
      finish: message.stop_reason,
      usage: { ...message.usage },
      headers,
      requestId: question.stream === true ? headers.get('request-id') : message['_request_id'],
    };
  },
  async *texts(gateway, question, signal) {
    const stream = await anthropicClient(gateway).messages.create({ ...anthropicBody(question), stream: true }, { ...(signal && { signal }) });
    for await (const event of stream) if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') yield event.delta.text;
  },
};

export const sdks = [openaiSdk, anthropicSdk] as const;

/** Every SDK with every provider of the world: what most tests are run for. */
export const pairs = sdks.flatMap((sdk) => [
  { sdk, client: sdk.name, provider: 'openai', model: 'gpt' } as const,
  { sdk, client: sdk.name, provider: 'anthropic', model: 'claude' } as const,
]);

/** A question of one sentence. */
export const say = (model: string, text = 'Hello there', more: Partial<Question> = {}): Question => ({ model, turns: [{ user: text }], ...more });

/** The error that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error as Error & Record<string, unknown>;
  }
  throw new Error('it was not rejected');
}

function clientOptions({ maxRetries = 0, headers = {}, onResponse }: ClientOptions, onHeaders: (headers: Headers) => void) {
  return {
    maxRetries,
    defaultHeaders: headers,
    async fetch(input: string | URL | Request, init?: RequestInit) {
      const response = await fetch(input, init);
      onHeaders(response.headers);
      onResponse?.(response);
      return response;
    },
  };
}

async function collect(stream: ReturnType<Anthropic['messages']['stream']>, exact: Map<number, string>): Promise<Anthropic.Message> {
  for await (const event of stream) {
    if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta') {
      exact.set(event.index, (exact.get(event.index) ?? '') + event.delta.partial_json);
    }
  }
  return stream.finalMessage();
}

function openaiBody({ model, system, turns, tools, maxTokens, stop, more }: Question): Omit<ChatCompletionCreateParamsBase, 'stream'> {
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: 'system' as const, content: system }]), ...turns.flatMap(openaiTurn)],
    ...(tools && { tools: tools.map((tool) => ({ type: 'function' as const, function: { ...tool } })) }),
    ...(maxTokens !== undefined && { max_completion_tokens: maxTokens }),
    ...(stop && { stop: [...stop] }),
    ...more,
  };
}

function openaiTurn(turn: Turn): OpenAI.ChatCompletionMessageParam[] {
  if ('user' in turn) return [{ role: 'user', content: turn.user }];
  if ('results' in turn) return turn.results.map(({ id, text }) => ({ role: 'tool', tool_call_id: id, content: text }));
  const { text, calls } = turn.answer;
  return [
    {
      role: 'assistant',
      content: text === '' ? null : text,
      ...(calls.length > 0 && {
        tool_calls: calls.map((call) => ({ id: call.id, type: 'function' as const, function: { name: call.name, arguments: call.arguments } })),
      }),
    },
  ];
}

function anthropicBody({ model, system, turns, tools, maxTokens = 1000, stop, more }: Question): Omit<MessageCreateParamsBase, 'stream'> {
  return {
    model,
    max_tokens: maxTokens,
    ...(system !== undefined && { system }),
    messages: turns.map(anthropicTurn),
    ...(tools && { tools: tools.map(({ name, parameters }) => ({ name, input_schema: parameters })) }),
    ...(stop && { stop_sequences: [...stop] }),
    ...more,
  };
}

function anthropicTurn(turn: Turn): Anthropic.MessageParam {
  if ('user' in turn) return { role: 'user', content: turn.user };
  if ('results' in turn)
    return { role: 'user', content: turn.results.map(({ id, text }) => ({ type: 'tool_result', tool_use_id: id, content: text })) };
  const { text, calls } = turn.answer;
  if (calls.length === 0) return { role: 'assistant', content: text };
  return {
    role: 'assistant',
    content: [
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      ...calls.map((call) => ({ type: 'tool_use' as const, id: call.id, name: call.name, input: JSON.parse(call.arguments || '{}') })),
    ],
  };
}
