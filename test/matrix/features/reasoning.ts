import { check, checkSent, type Feature } from '../feature.ts';
import { withoutFields, withoutParts, type Mutation } from '../mutation.ts';
import { clock, onlyCall, weather } from './tools.ts';

const thought = 'Let me think about what was said.';

/** Keys that tell a model how much to think. */
const howMuch = /"\w*(effort|thinking|budget|reasoning)\w*":/i;

const withoutState: Mutation = {
  answer(part) {
    if (part.type === 'reasoning-state' || part.type === 'reasoning') return [];
    if (part.type !== 'tool-call') return [part];
    const { state: _, ...call } = part;
    return [call];
  },
};

export const reasoningFeatures: readonly Feature[] = [
  {
    name: 'effort',
    thinks: true,
    async run(stage) {
      const session = stage.open();
      session.user('Think a little.');
      await session.answer({ effort: 'low' });
      checkSent(stage, howMuch);
    },
    mutation: withoutFields('reasoning'),
  },
  {
    name: 'budget of thinking tokens',
    thinks: true,
    async run(stage) {
      const session = stage.open();
      session.user('Think a little.');
      await session.answer({ budgetTokens: 2048 });
      checkSent(stage, howMuch);
    },
    mutation: withoutFields('reasoning'),
  },
  {
    name: 'text of the reasoning',
    thinks: true,
    async run({ open }) {
      for (const stream of [false, true]) {
        const session = open();
        session.user('Think aloud.');
        const { reasoning, text } = await session.answer({ showReasoning: true }, { stream });
        check(reasoning.includes(thought), `its reasoning is "${reasoning}"`);
        check(text.includes('Think aloud.') && !text.includes(thought), `it said ${text}`);
      }
    },
    mutation: withoutParts('reasoning'),
  },
  {
    name: 'reasoning back in a tool loop',
    thinks: true,
    async run(stage) {
      const { open, fake, provider } = stage;
      for (const stream of [false, true]) {
        const session = open();
        const options = { tools: [weather, clock], showReasoning: true } as const;
        session.user('Ask get_weather for "Bern".');
        const first = onlyCall(await session.answer(options, { stream }));
        session.results({ call: first, text: 'Sun over Bern' });
        fake.behave({ say: { reasoning: 'It is time.', toolCalls: [{ name: 'get_time', arguments: {} }] } });
        const second = onlyCall(await session.answer(options, { stream }));
        checkSent(stage, provider.reasoningBack ?? thought);
        session.results({ call: second, text: 'A quarter past nine' });
        const { text } = await session.answer(options, { stream });
        check(text.includes('A quarter past nine'), `it said ${text}`);
      }
    },
    mutation: withoutState,
  },
  {
    name: 'redacted reasoning back in a tool loop',
    thinks: true,
    async run(stage) {
      const { open, fake, provider } = stage;
      for (const stream of [false, true]) {
        const session = open();
        const options = { tools: [clock], showReasoning: true } as const;
        session.user('What time is it?');
        fake.behave({ say: { hiddenReasoning: 'What nobody sees.', toolCalls: [{ name: 'get_time', arguments: {} }] } });
        const call = onlyCall(await session.answer(options, { stream }));
        session.results({ call, text: 'A quarter past nine' });
        const { text } = await session.answer(options, { stream });
        check(text.includes('A quarter past nine'), `it said ${text}`);
        checkSent(stage, provider.redactedBack ?? 'no redacted reasoning is expected');
      }
    },
    mutation: withoutState,
  },
];
