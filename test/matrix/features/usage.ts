import { toPieces } from '../../../src/demo/answer.ts';
import { Inexpressible, type Said } from '../conversation.ts';
import { check, checkSent, type Feature, type Stage } from '../feature.ts';
import { withMessages, type Mutation } from '../mutation.ts';
import type { Usage } from '../../../src/llm/usage.ts';

const withUsage = (change: Partial<Usage>): Mutation => ({
  answer: (part) => [part.type === 'usage' ? { ...part, usage: { ...part.usage, ...change } } : part],
});

/** The fakes count four bytes of a body as a token of input, and each piece of text as one of output. */
function checkUsage({ fake }: Stage, { usage, text }: Said): void {
  const input = Math.ceil((fake.requests.at(-1)?.body.length ?? 0) / 4);
  const output = toPieces(text).length;
  check(usage?.input === input && usage.output === output, `usage is ${JSON.stringify(usage)}, not ${input} in and ${output} out`);
}

let prompts = 0;

/** A beginning that is long enough for any provider's prompt cache, and that no other test has sent. */
const longPrompt = (): string => `Prompt ${(prompts += 1)}. ${'Bern is a city on the river Aare. '.repeat(250)}`;

export const usageFeatures: readonly Feature[] = [
  {
    name: 'input and output tokens',
    async run(stage) {
      for (const stream of [false, true]) {
        const session = stage.open();
        session.user('How much is this?');
        checkUsage(stage, await session.answer({}, { stream }));
      }
    },
    mutation: withUsage({ inputTokens: 0 }),
  },
  {
    name: 'no usage in a stream unless asked for',
    async run({ open }) {
      const session = open();
      session.user('How much is this?');
      const { usageEvents, text } = await session.answer({}, { stream: true, usage: false });
      check(usageEvents === 0, `there are ${usageEvents}`);
      check(text.includes('How much is this?'), `it said ${text}`);
    },
    mutation: { options: (options) => ({ ...options, wantsUsage: true }) },
  },
  {
    name: 'reasoning tokens',
    thinks: true,
    async run({ open, fake }) {
      for (const stream of [false, true]) {
        const session = open();
        session.user('Think a little.');
        fake.behave({ say: { reasoning: 'I weigh it up.', text: 'Well' } });
        const { usage } = await session.answer({ showReasoning: true }, { stream });
        if (usage && usage.reasoning === undefined) throw new Inexpressible('reasoning is not counted apart');
        check(usage?.reasoning !== undefined && usage.reasoning > 0 && usage.output > 0, `usage is ${JSON.stringify(usage)}`);
      }
    },
    mutation: withUsage({ reasoningTokens: 0 }),
  },
  {
    name: 'cache markers',
    async run(stage) {
      const session = stage.open();
      session.user({ type: 'text', text: longPrompt(), isCached: true }, 'What is Bern?');
      await session.answer();
      checkSent(stage, /cache_?(control|point|breakpoint)/i);
    },
    mutation: withMessages((message) => {
      if (message.role !== 'user') return message;
      return { ...message, content: message.content.map((item) => (item.type === 'text' ? { type: 'text', text: item.text } : item)) };
    }),
  },
  {
    name: 'cached tokens in usage',
    async run({ open, fake, provider: { cachedUsage } }) {
      const prompt = longPrompt();
      for (const stream of [false, true]) {
        const session = open();
        if (cachedUsage) fake.behave({ say: { usage: cachedUsage } });
        addCached(
          () => session.system(prompt, { isCached: true }),
          () => session.system(prompt),
        );
        session.user('What is Bern?');
        const { usage } = await session.answer({}, { stream });
        if (!stream) continue; // the first one fills the cache
        check(usage !== undefined && usage.cacheRead > 1000 && usage.input > usage.cacheRead, `usage is ${JSON.stringify(usage)}`);
      }
    },
    mutation: withUsage({ cacheReadTokens: 0 }),
  },
];

/** Marks what is to be cached where the format can. */
function addCached(marked: () => void, plain: () => void): void {
  try {
    marked();
  } catch (error) {
    if (!(error instanceof Inexpressible)) throw error;
    plain();
  }
}
