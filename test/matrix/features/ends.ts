import { SdkError, type Manner, type Options, type Session } from '../conversation.ts';
import { check, type Feature, type Stage } from '../feature.ts';
import { endedEarly, withoutParts, type Mutation } from '../mutation.ts';

/** How the fakes say it. */
const words = /is not valid|no such|try again later|had an error|overloaded\b|could not|not available|too many requests/i;

async function rejection(session: Session, options: Options = {}, manner: Manner = {}): Promise<SdkError> {
  session.user('Hello');
  const said = await session.answer(options, manner).catch((error: unknown) => error);
  if (said instanceof SdkError) return said;
  throw said instanceof Error ? said : new Error(`the SDK threw nothing, and it said ${JSON.stringify(said)}`);
}

/** What a status becomes: those that only some vendors know are translated. */
async function checkStatus({ open, fake }: Stage, status: number, expected: readonly number[], stream = false): Promise<void> {
  fake.behave({ refuse: { status, headers: { 'retry-after': '7' } } });
  const error = await rejection(open(), {}, { stream });
  check(expected.includes(error.status ?? 0), `a ${status} became ${error.status}`);
  check(words.test(error.message), `a ${status} says ${error.message}`);
}

/** Sends the answer without what says why it ended. */
const finishAs = (unified: 'stop' | 'length'): Mutation => ({
  answer: (part) => [part.type === 'finish' ? { ...part, reason: { unified, raw: 'stop' } } : part].filter((kept) => kept.type !== 'refusal'),
});

const speechless: Mutation = { error: (error) => ({ ...error, message: '-' }) };

export const endFeatures: readonly Feature[] = [
  {
    name: 'end: output limit',
    async run({ open }) {
      for (const stream of [false, true]) {
        const session = open();
        session.user('A sentence that is longer than the limit, by many words and then some more of them');
        const { finish } = await session.answer({ maxTokens: 16 }, { stream });
        check(finish === 'length', `it ended with ${finish}`);
      }
    },
    mutation: finishAs('stop'),
  },
  {
    name: 'end: tool calls',
    async run({ open, fake }) {
      for (const stream of [false, true]) {
        const session = open();
        session.user('Which tools?');
        fake.behave({ say: { toolCalls: [{ name: 'get_time', arguments: {} }] } });
        const { finish } = await session.answer(
          { tools: [{ name: 'get_time', description: 'The time.', parameters: { type: 'object', properties: {} } }] },
          { stream },
        );
        check(finish === 'tool-calls', `it ended with ${finish}`);
      }
    },
    mutation: finishAs('length'),
  },
  {
    name: 'end: refusal',
    async run({ open, fake }) {
      for (const stream of [false, true]) {
        const session = open();
        session.user('Do what you must not.');
        fake.behave({ say: { refusal: 'I cannot help with that.' } });
        const { finish } = await session.answer({}, { stream });
        check(finish === 'refusal', `it ended with ${finish}`);
      }
    },
    mutation: finishAs('stop'),
  },
  {
    name: 'end: content filter',
    async run({ open, fake, provider, protocol }) {
      for (const stream of [false, true]) {
        const session = open();
        session.user('Say what is filtered.');
        fake.behave({ say: { text: 'Well', finish: provider.filteredAs?.(protocol) ?? 'content_filter' } });
        const { finish } = await session.answer({}, { stream });
        check(finish === 'refusal', `it ended with ${finish}`);
      }
    },
    mutation: finishAs('stop'),
  },
];

export const errorFeatures: readonly Feature[] = [
  {
    name: 'errors of the provider',
    async run(stage) {
      await checkStatus(stage, 400, [400]);
      await checkStatus(stage, 404, [404]);
      await checkStatus(stage, 500, [500], true);
      await checkStatus(stage, 503, [503]);
    },
    mutation: speechless,
  },
  {
    name: 'rate limit with retry-after',
    async run(stage) {
      await checkStatus(stage, 429, [429]);
      check(stage.ear.headers.get('retry-after') === '7', 'it does not say when to come back');
      await checkStatus(stage, 429, [429], true);
    },
    mutation: speechless,
  },
  {
    name: 'overload',
    run: (stage) => checkStatus(stage, 529, [503, 529]),
    mutation: speechless,
  },
  {
    name: 'error inside a stream',
    async run({ open, fake }) {
      fake.behave({ errorEvent: { after: 3, status: 500, message: 'The station fell silent.' } });
      const { message } = await rejection(open(), {}, { stream: true });
      check(message.includes('The station fell silent.'), `it says ${message}`);
    },
    mutation: { ...withoutParts('error'), isSilent: true },
  },
  {
    name: 'stream that is cut',
    async run({ open, fake }) {
      fake.behave({ break: { how: 'end', after: 6 } });
      await rejection(open(), {}, { stream: true });
    },
    mutation: endedEarly,
  },
  {
    name: 'client that goes away',
    async run({ open, fake }) {
      fake.behave({ say: { text: 'word '.repeat(500) }, eventDelayMs: 5 });
      const abort = new AbortController();
      await rejection(open(), {}, { stream: true, signal: abort.signal, onDelta: () => abort.abort() });
      const request = fake.requests.at(-1);
      await request?.closed;
      check(request?.aborted === true, 'the provider went on talking');
    },
  },
];
