import type { Completion, CompletionChoice } from 'openai/resources/completions';

/** A choice of a chunk: until the last one nothing has finished. */
type ChunkChoice = Omit<CompletionChoice, 'finish_reason'> & { finish_reason: CompletionChoice['finish_reason'] | null };
type Chunk = Omit<Completion, 'choices' | 'usage'> & { choices: ChunkChoice[]; usage: Completion['usage'] | null };

const chunk = (id: string, choices: ChunkChoice[], usage: Chunk['usage'] = null): Chunk => ({
  id,
  object: 'text_completion',
  created: 1757894561,
  choices,
  model: 'gpt-3.5-turbo-instruct',
  usage,
});

const said = (text: string, finish: ChunkChoice['finish_reason'] = null, index = 0, logprobs: ChunkChoice['logprobs'] = null): ChunkChoice => ({
  text,
  index,
  logprobs,
  finish_reason: finish,
});

const streamOf = (id: string, ...choices: ChunkChoice[]): Chunk[] => [
  ...choices.map((choice) => chunk(id, [choice])),
  chunk(id, [], { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }),
];

/** Streams in the chunks that OpenAI's own server and vLLM send, before `[DONE]`. */
export const streams = {
  text: streamOf('cmpl-text', said('\n\nGrüße, '), said('"Welt" 👋'), said('', 'stop')),
  twoChoices: streamOf('cmpl-two', said('Hea'), said('Tai', null, 1), said('ds', 'stop'), said('ls', 'length', 1)),
  logprobs: streamOf(
    'cmpl-logprobs',
    said('Hel', null, 0, { tokens: ['Hel'], token_logprobs: [-0.25], top_logprobs: [{ Hel: -0.25, Hi: -1.5 }], text_offset: [0] }),
    said('lo', 'stop', 0, { tokens: ['lo'], token_logprobs: [-0.5], top_logprobs: [{ lo: -0.5 }], text_offset: [3] }),
  ),
} satisfies Record<string, Chunk[]>;
