import { check, checkSent, type Feature } from '../feature.ts';
import { withMessages, withoutFields, withoutMessages, withoutParts, type Mutation } from '../mutation.ts';
import type { Options } from '../conversation.ts';
import type { ChatRequest } from '../../../src/llm/request.ts';

const hello = 'Hello to the river Aare';

/** An option that the provider must be sent; `words` are what its value looks like there. */
const option = (name: string, options: Options, field: keyof ChatRequest, ...words: (string | RegExp)[]): Feature => ({
  name,
  async run(stage) {
    const session = stage.open();
    session.user(hello);
    await session.answer(options);
    checkSent(stage, ...words);
  },
  mutation: withoutFields(field),
});

const firstContentOnly: Mutation = withMessages((message) =>
  message.role === 'user' ? { ...message, content: message.content.slice(0, 1) } : message,
);

export const textFeatures: readonly Feature[] = [
  {
    name: 'answer',
    async run({ open }) {
      const session = open();
      session.user(hello);
      const { text, finish } = await session.answer();
      check(text.includes(hello), `it said ${text}`);
      check(finish === 'stop', `it ended with ${finish}`);
    },
    mutation: withoutParts('text'),
  },
  {
    name: 'streamed answer',
    async run({ open }) {
      const session = open();
      session.user(hello);
      const { text, finish, deltas } = await session.answer({}, { stream: true });
      check(text.includes(hello), `it said ${text}`);
      check(finish === 'stop', `it ended with ${finish}`);
      check(deltas > 1, `the text came in ${deltas} deltas`);
    },
    mutation: withoutParts('text'),
  },
  {
    name: 'conversation of several turns',
    async run(stage) {
      const session = stage.open();
      session.user(hello);
      const first = await session.answer();
      session.user('And to the river Rhone');
      const { text } = await session.answer({}, { stream: true });
      check(text.includes('And to the river Rhone'), `it said ${text}`);
      checkSent(stage, hello, JSON.stringify(first.text).slice(1, 30));
    },
    mutation: withoutMessages('assistant'),
  },
  {
    name: 'several system prompts',
    async run(stage) {
      const session = stage.open();
      session.system('Be brief, says the first.');
      session.system('Be kind, says the second.');
      session.user(hello);
      const { text } = await session.answer();
      checkSent(stage, 'Be brief, says the first.', 'Be kind, says the second.');
      check(!text.includes('Be kind'), 'the prompt reached the model as the user’s words');
    },
    mutation: withoutMessages('system'),
  },
  {
    name: 'system prompt between turns',
    async run(stage) {
      const session = stage.open();
      session.user(hello);
      await session.answer();
      session.user('And to the river Rhone');
      session.system('From now on be kind.');
      const { text } = await session.answer();
      checkSent(stage, 'From now on be kind.');
      check(!text.includes('be kind'), 'the prompt reached the model as the user’s words');
    },
    mutation: withoutMessages('system'),
  },
  {
    name: 'content of several parts',
    async run(stage) {
      const session = stage.open();
      session.user('Here is the first part.', 'Here is the second part.');
      const { text } = await session.answer();
      checkSent(stage, 'Here is the first part.', 'Here is the second part.');
      check(text.includes('the second part'), `it said ${text}`);
    },
    mutation: firstContentOnly,
  },
];

export const optionFeatures: readonly Feature[] = [
  {
    name: 'stop sequences',
    async run({ open }) {
      for (const stream of [false, true]) {
        const session = open();
        session.user('one two STOPHERE three');
        const { text, finish } = await session.answer({ stop: ['STOPHERE'] }, { stream });
        check(text.includes('one two') && !text.includes('three'), `it said ${text}`);
        check(finish === 'stop', `it ended with ${finish}`);
      }
    },
    mutation: { request: (request) => ({ ...request, stop: [] }) },
  },
  option('temperature', { temperature: 0.375 }, 'temperature', '0.375'),
  option('top_p', { topP: 0.625 }, 'topP', '0.625'),
  option('top_k', { topK: 37 }, 'topK', /"top_?k":\s*37/i),
  option('frequency penalty', { frequencyPenalty: 0.125 }, 'frequencyPenalty', '0.125'),
  option('presence penalty', { presencePenalty: 0.875 }, 'presencePenalty', '0.875'),
  option('seed', { seed: 4242 }, 'seed', '4242'),
  {
    name: 'several choices',
    async run({ open }) {
      const session = open();
      session.user(hello);
      const { choices } = await session.answer({ choices: 2 });
      check(choices.length === 2 && choices.every((text) => text.includes(hello)), `there are ${choices.length} choices`);
    },
    mutation: withoutFields('choices'),
  },
  {
    name: 'log probabilities',
    async run(stage) {
      for (const stream of [false, true]) {
        const session = stage.open();
        session.user(hello);
        const { logprobs } = await session.answer({ logprobs: 2 }, { stream });
        checkSent(stage, /logprobs/i);
        check(logprobs > 0 || stage.provider.mutesLogprobs === true, 'there are none');
      }
    },
    mutation: withoutFields('logprobs'),
  },
  option('end user', { user: 'user-4711' }, 'user', 'user-4711'),
  option('metadata', { metadata: { ticket: 'label-4711' } }, 'metadata', 'label-4711'),
  option('service tier', { serviceTier: 'flex' }, 'serviceTier', /service_?tier/i),
  option('predicted output', { prediction: 'The river Aare is long.' }, 'prediction', 'The river Aare is long.'),
  option('verbosity', { verbosity: 'low' }, 'verbosity', /"verbosity":\s*"low"/),
  option('prompt cache key', { cacheKey: 'key-4711' }, 'promptCacheKey', 'key-4711'),
];
