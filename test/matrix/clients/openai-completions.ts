import OpenAI, { APIError } from 'openai';
import type { CompletionCreateParamsBase } from 'openai/resources/completions';
import {
  Inexpressible,
  SdkError,
  write,
  type Client,
  type Ear,
  type Gateway,
  type Manner,
  type Said,
  type Session,
  type Writers,
} from '../conversation.ts';
import { finishes, toUsage } from './openai-chat.ts';

/** The API's own default is 16. */
const maxTokens = 1000;

/** A prompt of text; what was said before is part of it. */
function open({ url, key }: Gateway, model: string, ear: Ear): Session {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: ear.fetch });
  const texts: string[] = [];

  async function ask(body: CompletionCreateParamsBase, { stream = false, usage: wantsUsage = true, signal, onDelta }: Manner): Promise<Said> {
    const requestOptions = { ...(signal && { signal }) };
    if (!stream) {
      const { choices, usage } = await client.completions.create({ ...body, stream: false }, requestOptions);
      return take({
        choices: choices.map(({ text }) => text),
        finish: choices[0]?.finish_reason,
        logprobs: choices[0]?.logprobs?.tokens?.length,
        usage,
        deltas: 0,
        usageEvents: 0,
      });
    }
    const chunks = await client.completions.create(
      { ...body, stream: true, ...(wantsUsage && { stream_options: { include_usage: true } }) },
      requestOptions,
    );
    const seen: Taken = { choices: [''], finish: undefined, usage: undefined, logprobs: 0, deltas: 0, usageEvents: 0 };
    for await (const { choices, usage } of chunks) {
      seen.usage = usage ?? seen.usage;
      if (usage && choices.length === 0) seen.usageEvents += 1;
      const [choice] = choices;
      seen.finish = choice?.finish_reason ?? seen.finish;
      seen.logprobs = (seen.logprobs ?? 0) + (choice?.logprobs?.tokens?.length ?? 0);
      if (choice === undefined || choice.text === '') continue;
      seen.choices[0] += choice.text;
      seen.deltas += 1;
      onDelta?.();
    }
    if (seen.finish === undefined) throw new Error('there is no finish reason');
    return take(seen);
  }

  function take({ choices, finish, usage, logprobs = 0, deltas, usageEvents }: Taken): Said {
    const text = choices[0] ?? '';
    texts.push(text);
    return {
      text,
      choices,
      reasoning: '',
      calls: [],
      finish: finishes[finish ?? ''] ?? 'other',
      usage: usage ? toUsage(usage) : undefined,
      logprobs,
      deltas,
      usageEvents,
    };
  }

  return {
    system() {
      throw new Inexpressible('a prompt is text');
    },
    user(...content) {
      const [only, ...more] = content;
      if (typeof only !== 'string' || more.length > 0 || texts.length > 0) throw new Inexpressible('a prompt is one text');
      texts.push(only);
    },
    results() {
      throw new Inexpressible('a prompt is text');
    },
    async answer(options = {}, manner = {}) {
      const body = write<CompletionCreateParamsBase>({ model, prompt: texts.join('\n'), max_tokens: maxTokens }, options, writers);
      return ask(body, manner).catch((error: unknown) => {
        throw new SdkError(error, error instanceof APIError ? error.status : undefined);
      });
    },
  };
}

export const openaiCompletionsClient: Client = {
  name: 'openai-completions',
  sdk: 'openai',
  protocol: 'openai-completions',
  without: ['end: refusal'],
  open,
};

interface Taken {
  choices: string[];
  finish: string | null | undefined;
  usage: OpenAI.CompletionUsage | null | undefined;
  logprobs: number | undefined;
  deltas: number;
  usageEvents: number;
}

const writers: Writers<CompletionCreateParamsBase> = {
  maxTokens: (max_tokens) => ({ max_tokens }),
  temperature: (temperature) => ({ temperature }),
  topP: (top_p) => ({ top_p }),
  frequencyPenalty: (frequency_penalty) => ({ frequency_penalty }),
  presencePenalty: (presence_penalty) => ({ presence_penalty }),
  seed: (seed) => ({ seed }),
  stop: (stop) => ({ stop: [...stop] }),
  choices: (n) => ({ n }),
  logprobs: (logprobs) => ({ logprobs }),
  user: (user) => ({ user }),
};
