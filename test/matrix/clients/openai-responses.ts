import OpenAI, { APIError } from 'openai';
import type { Response, ResponseCreateParamsBase, ResponseInputContent, ResponseInputItem } from 'openai/resources/responses/responses';
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
import { cacheBreakpoint, dataUrl } from './openai-chat.ts';

/** Keeps the conversation itself, as https://platform.openai.com/docs/guides/conversation-state has it for those who store nothing. */
function open({ url, key }: Gateway, model: string, ear: Ear): Session {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: ear.fetch });
  const input: ResponseInputItem[] = [];

  async function ask(body: ResponseCreateParamsBase, { stream = false, signal, onDelta }: Manner): Promise<Said> {
    const requestOptions = { ...(signal && { signal }) };
    if (!stream) return take(await client.responses.create({ ...body, stream: false }, requestOptions), 0);
    const events = client.responses.stream({ ...body, stream: true }, requestOptions);
    let deltas = 0;
    for await (const event of events) {
      if (event.type !== 'response.output_text.delta') continue;
      deltas += 1;
      onDelta?.();
    }
    return take(await events.finalResponse(), deltas);
  }

  function take(response: Response, deltas: number): Said {
    if (response.error) throw new Error(response.error.message);
    const { output, usage } = response;
    // What the SDK's stream adds is no parameter of an item.
    input.push(
      ...output.map(
        (item) => JSON.parse(JSON.stringify(item, (name, value: unknown) => (name.startsWith('parsed') ? undefined : value))) as ResponseInputItem,
      ),
    );
    const said = output.flatMap((item) => (item.type === 'message' ? item.content : []));
    const text = said.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
    return {
      text,
      choices: [text],
      reasoning: output.flatMap((item) => (item.type === 'reasoning' ? item.summary.map((summary) => summary.text) : [])).join(''),
      calls: output.flatMap((item) =>
        item.type === 'function_call' ? [{ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments || '{}') as unknown }] : [],
      ),
      finish: finishOf(response),
      usage: usage && {
        input: usage.input_tokens,
        output: usage.output_tokens,
        cacheRead: usage.input_tokens_details.cached_tokens,
        cacheWrite: usage.input_tokens_details.cache_write_tokens,
        reasoning: usage.output_tokens_details.reasoning_tokens,
      },
      logprobs: said.flatMap((part) => (part.type === 'output_text' ? (part.logprobs ?? []) : [])).length,
      deltas,
    };
  }

  return {
    system: (text, { isCached = false } = {}) =>
      void input.push({
        role: input.length === 0 ? 'system' : 'developer',
        content: isCached ? [{ type: 'input_text', text, ...cacheBreakpoint }] : text,
      }),
    user: (...content) => void input.push({ role: 'user', content: content.map((item) => toPart(textContent(item))) }),
    results: (...results) => {
      for (const { call, text, image, isError } of results) {
        if (isError) throw new Inexpressible('an output is no error');
        const output =
          image === undefined
            ? text
            : [
                { type: 'input_text' as const, text },
                { type: 'input_image' as const, image_url: dataUrl(image) },
              ];
        input.push({ type: 'function_call_output', call_id: call.id, output });
      }
    },
    async answer(options = {}, manner = {}) {
      if (manner.usage === false) throw new Inexpressible('usage is always there');
      const body = write<ResponseCreateParamsBase>({ model, input, store: false }, options, writers);
      return ask(body, manner).catch((error: unknown) => {
        throw new SdkError(error, error instanceof APIError ? error.status : undefined);
      });
    },
  };
}

export const openaiResponsesClient: Client = { name: 'openai-responses', sdk: 'openai', protocol: 'openai-responses', open };

function finishOf({ status, incomplete_details, output }: Response): Said['finish'] {
  if (status === 'incomplete') return incomplete_details?.reason === 'content_filter' ? 'refusal' : 'length';
  if (output.some((item) => item.type === 'message' && item.content.some(({ type }) => type === 'refusal'))) return 'refusal';
  return output.some(({ type }) => type === 'function_call') ? 'tool-calls' : 'stop';
}

function toPart(content: Content): ResponseInputContent {
  switch (content.type) {
    case 'text':
      return { type: 'input_text', text: content.text, ...(content.isCached && cacheBreakpoint) };
    case 'image':
      return { type: 'input_image', image_url: dataUrl(content), detail: 'auto' };
    case 'image-url':
      return { type: 'input_image', image_url: content.url, detail: 'auto' };
    case 'document':
      return { type: 'input_file', filename: content.name, file_data: dataUrl(content) };
    case 'audio':
      throw new Inexpressible('audio');
  }
}

const encrypted: Partial<ResponseCreateParamsBase> = { include: ['reasoning.encrypted_content'] };

const writers: Writers<ResponseCreateParamsBase> = {
  tools: (tools) => ({ tools: tools.map((tool) => ({ type: 'function', strict: false, ...tool })) }),
  toolChoice: (choice) => ({ tool_choice: typeof choice === 'string' ? choice : { type: 'function', ...choice } }),
  oneCall: () => ({ parallel_tool_calls: false }),
  schema: (schema) => ({ text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } } }),
  effort: (effort) => ({ reasoning: { effort } }),
  showReasoning: () => ({ reasoning: { effort: 'high', summary: 'auto' }, ...encrypted }),
  maxTokens: (max_output_tokens) => ({ max_output_tokens }),
  temperature: (temperature) => ({ temperature }),
  topP: (top_p) => ({ top_p }),
  logprobs: (top_logprobs) => ({ top_logprobs, include: ['message.output_text.logprobs'] }),
  user: (user) => ({ user }),
  metadata: (metadata) => ({ metadata }),
  serviceTier: () => ({ service_tier: 'flex' }),
  verbosity: (verbosity) => ({ text: { verbosity } }),
  cacheKey: (prompt_cache_key) => ({ prompt_cache_key }),
};
