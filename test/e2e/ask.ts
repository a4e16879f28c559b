import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { anthropicClient, openaiClient } from './gateway.ts';

/** A short conversation, whatever the protocol it is held in. */
export interface Conversation {
  model: string;
  system?: string;
  user: string;
  /** A tool the model may call, with string arguments of these names. */
  tool?: { name: string; parameters: readonly string[] };
  /** A call of the tool that the model has made, and what it gave. */
  called?: { id: string; arguments: Record<string, unknown>; result: string };
  maxTokens?: number;
}

/** What a client got. */
export interface Answer {
  text: string;
  /** Arguments of tool calls, parsed. */
  calls: { id: string; arguments: Record<string, unknown> }[];
  finish: string | null;
}

/** Asks through an official SDK and gives the whole answer, streamed or not. Throws the SDK's errors. */
export type Ask = (gateway: { url: string }, key: string, conversation: Conversation, options?: { stream?: boolean }) => Promise<Answer>;

export const askOpenAI: Ask = async (gateway, key, conversation, { stream = false } = {}) => {
  const client = openaiClient(gateway, key);
  const body = openaiBody(conversation);
  if (!stream) {
    const { choices } = await client.chat.completions.create(body);
    const calls = choices[0]?.message.tool_calls ?? [];
    return {
      text: choices[0]?.message.content ?? '',
      calls: calls.flatMap((call) => (call.type === 'function' ? [{ id: call.id, arguments: JSON.parse(call.function.arguments) }] : [])),
      finish: choices[0]?.finish_reason ?? null,
    };
  }
  let text = '';
  let finish: string | null = null;
  const calls: { id: string; text: string }[] = [];
  for await (const { choices } of await client.chat.completions.create({ ...body, stream: true })) {
    text += choices[0]?.delta.content ?? '';
    finish = choices[0]?.finish_reason ?? finish;
    for (const { index, id, function: called } of choices[0]?.delta.tool_calls ?? []) {
      const call = (calls[index] ??= { id: '', text: '' });
      call.id += id ?? '';
      call.text += called?.arguments ?? '';
    }
  }
  return { text, calls: calls.map((call) => ({ id: call.id, arguments: JSON.parse(call.text) })), finish };
};

function openaiBody({ model, system, user, tool, called, maxTokens }: Conversation): OpenAI.ChatCompletionCreateParamsNonStreaming {
  return {
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user', content: user },
      ...(called === undefined || tool === undefined
        ? []
        : [
            {
              role: 'assistant' as const,
              tool_calls: [
                { id: called.id, type: 'function' as const, function: { name: tool.name, arguments: JSON.stringify(called.arguments) } },
              ],
            },
            { role: 'tool' as const, tool_call_id: called.id, content: called.result },
          ]),
    ],
    ...(tool === undefined ? {} : { tools: [{ type: 'function' as const, function: { name: tool.name, parameters: schemaOf(tool) } }] }),
    ...(maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }),
  };
}

export const askAnthropic: Ask = async (gateway, key, conversation, { stream = false } = {}) => {
  const { messages } = anthropicClient(gateway, key);
  const body = anthropicBody(conversation);
  const { content, stop_reason: finish } = stream ? await messages.stream(body).finalMessage() : await messages.create(body);
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    calls: content.flatMap((block) => (block.type === 'tool_use' ? [{ id: block.id, arguments: block.input as Record<string, unknown> }] : [])),
    finish,
  };
};

function anthropicBody({ model, system, user, tool, called, maxTokens = 4096 }: Conversation): Anthropic.MessageCreateParamsNonStreaming {
  return {
    model,
    max_tokens: maxTokens,
    ...(system === undefined ? {} : { system }),
    messages: [
      { role: 'user', content: user },
      ...(called === undefined || tool === undefined
        ? []
        : [
            { role: 'assistant' as const, content: [{ type: 'tool_use' as const, id: called.id, name: tool.name, input: called.arguments }] },
            { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: called.id, content: called.result }] },
          ]),
    ],
    ...(tool === undefined ? {} : { tools: [{ name: tool.name, input_schema: schemaOf(tool) }] }),
  };
}

const schemaOf = ({ parameters }: { parameters: readonly string[] }) => ({
  type: 'object' as const,
  properties: Object.fromEntries(parameters.map((name) => [name, { type: 'string' }])),
  required: [...parameters],
});
