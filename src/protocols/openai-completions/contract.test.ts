import OpenAI from 'openai';
import type { Completion, CompletionChoice } from 'openai/resources/completions';
import { answers } from '../../../test/recordings/openai-completions/answers.ts';
import { bytesOf } from '../../../test/recordings/openai-chat/streams.ts';
import { streams } from '../../../test/recordings/openai-completions/streams.ts';
import { protocolContract } from '../protocol.contract.ts';
import { openaiCompletions } from './index.ts';

/** What OpenAI's SDK reads of a stream, put together: it has nothing of its own for that. */
async function collect(stream: Buffer): Promise<Completion> {
  const fetch = () => Promise.resolve(new Response(stream.toString(), { headers: { 'content-type': 'text/event-stream' } }));
  const openai = new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch });
  const choices = new Map<number, CompletionChoice>();
  let last: Completion | undefined;
  for await (const chunk of await openai.completions.create({ model: 'm', prompt: 'Hi', stream: true })) {
    last = chunk;
    for (const choice of chunk.choices) {
      const text = (choices.get(choice.index)?.text ?? '') + choice.text;
      choices.set(choice.index, { ...choice, text, logprobs: null });
    }
  }
  if (last === undefined) throw new Error('the stream was empty');
  return { ...last, choices: [...choices.values()] };
}

protocolContract(openaiCompletions, {
  request: { model: 'fast', prompt: 'Hi' },
  requiredFields: ['model'],
  faults: [
    [{ model: '' }, 'model'],
    [{ stream: 'yes' }, 'stream'],
    [{ n: 0 }, 'n'],
    [{ best_of: 1.5 }, 'best_of'],
    [{ max_tokens: -1 }, 'max_tokens'],
    [{ stream_options: true }, 'stream_options'],
  ],
  withMessage: (prompt, more) => ({ prompt, ...more }),
  streams: Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, bytesOf(stream)])),
  answers,
  collect,
  places: {
    'one of several prompts': (value) => ({ prompt: ['Hi', value] }),
    'what follows the completion': (value) => ({ suffix: value }),
    'a stop sequence': (value) => ({ stop: [value] }),
    'the id of the user': (value) => ({ user: value }),
  },
});
