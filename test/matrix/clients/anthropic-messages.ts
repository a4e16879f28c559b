import Anthropic, { APIError } from '@anthropic-ai/sdk';
import type { ContentBlockParam, Message, MessageCreateParamsBase, MessageParam, TextBlockParam } from '@anthropic-ai/sdk/resources/messages';
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
  type Said,
  type Session,
  type Writers,
} from '../conversation.ts';

/** The format demands a maximum. */
const maxTokens = 8192;

function open({ url, key }: Gateway, model: string, ear: Ear): Session {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, fetch: ear.fetch });
  const system: TextBlockParam[] = [];
  const messages: MessageParam[] = [];

  async function ask(body: MessageCreateParamsBase, { stream = false, signal, onDelta }: Manner): Promise<Said> {
    const requestOptions = { ...(signal && { signal }) };
    if (!stream) return take(await client.messages.create({ ...body, stream: false }, requestOptions), 0);
    const events = client.messages.stream(body, requestOptions);
    let deltas = 0;
    for await (const event of events) {
      if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue;
      deltas += 1;
      onDelta?.();
    }
    return take(await events.finalMessage(), deltas);
  }

  function take({ content, stop_reason, stop_sequence, usage }: Message, deltas: number): Said {
    messages.push({ role: 'assistant', content });
    const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    const { input_tokens, cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens, output_tokens_details } = usage;
    return {
      text,
      choices: [text],
      reasoning: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
      calls: content.flatMap((block) => (block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: block.input }] : [])),
      finish: finishes[stop_reason ?? ''] ?? 'other',
      ...(stop_sequence !== null && { stopSequence: stop_sequence }),
      usage: {
        input: input_tokens + (read ?? 0) + (written ?? 0),
        output: output_tokens,
        cacheRead: read ?? 0,
        cacheWrite: written ?? 0,
        reasoning: output_tokens_details?.thinking_tokens ?? 0,
      },
      logprobs: 0,
      deltas,
    };
  }

  return {
    system(text, { isCached = false } = {}) {
      const block: TextBlockParam = { type: 'text', text, ...cacheControl(isCached) };
      if (messages.length === 0) system.push(block);
      else messages.push({ role: 'system', content: [block] });
    },
    user: (...content) => void messages.push({ role: 'user', content: content.map((item) => toBlock(textContent(item))) }),
    results(...results) {
      const blocks = results.map(({ call, text, isError = false, image }): ContentBlockParam => {
        const content: (TextBlockParam | Anthropic.ImageBlockParam)[] = [{ type: 'text', text }];
        if (image !== undefined) content.push({ type: 'image', source: toSource(image) });
        return { type: 'tool_result', tool_use_id: call.id, content, ...(isError && { is_error: true }) };
      });
      messages.push({ role: 'user', content: blocks });
    },
    async answer(options = {}, manner = {}) {
      if (manner.usage === false) throw new Inexpressible('usage is always there');
      const body = write<MessageCreateParamsBase>({ model, max_tokens: maxTokens, messages, ...(system.length > 0 && { system }) }, options, writers);
      return ask(body, manner).catch((error: unknown) => {
        throw new SdkError(error, error instanceof APIError ? error.status : undefined);
      });
    },
  };
}

export const anthropicClient: Client = { name: 'anthropic-messages', sdk: '@anthropic-ai/sdk', protocol: 'anthropic-messages', open };

const finishes: Readonly<Record<string, Said['finish']>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  refusal: 'refusal',
};

const cacheControl = (isCached: boolean) => (isCached ? { cache_control: { type: 'ephemeral' as const } } : {});

const imageTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

function toSource({ mediaType, base64: data }: { mediaType: string; base64: string }): Anthropic.Base64ImageSource {
  return { type: 'base64', media_type: imageTypes.find((type) => type === mediaType) ?? 'image/png', data };
}

function toBlock(content: Content): ContentBlockParam {
  switch (content.type) {
    case 'text':
      return { type: 'text', text: content.text, ...cacheControl(content.isCached === true) };
    case 'image':
      return { type: 'image', source: toSource(content) };
    case 'image-url':
      return { type: 'image', source: { type: 'url', url: content.url } };
    case 'document':
      return { type: 'document', title: content.name, source: { type: 'base64', media_type: 'application/pdf', data: content.base64 } };
    case 'audio':
      throw new Inexpressible('audio');
  }
}

const thinking = (budget_tokens: number): Partial<MessageCreateParamsBase> => ({ thinking: { type: 'enabled', budget_tokens } });

const writers: Writers<MessageCreateParamsBase> = {
  tools: (tools) => ({ tools: tools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters })) }),
  toolChoice: (choice) => ({
    tool_choice: typeof choice === 'object' ? { type: 'tool', ...choice } : { type: choice === 'required' ? 'any' : choice },
  }),
  oneCall: () => ({ tool_choice: { type: 'auto', disable_parallel_tool_use: true } }),
  schema: (schema) => ({ output_config: { format: { type: 'json_schema', schema } } }),
  effort: (effort) => ({ output_config: { effort } }),
  budgetTokens: thinking,
  showReasoning: () => thinking(2048),
  maxTokens: (max_tokens) => ({ max_tokens }),
  stop: (stop) => ({ stop_sequences: [...stop] }),
  user: (user_id) => ({ metadata: { user_id } }),
  serviceTier: () => ({ service_tier: 'standard_only' }),
};
