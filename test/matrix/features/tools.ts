import type { Call, Manner, Said, Session, Tool } from '../conversation.ts';
import { check, checkSent, type Feature } from '../feature.ts';
import { withoutContent, withoutFields, withoutMessages, withoutParts, withMessages, type Mutation } from '../mutation.ts';
import { png } from '../samples.ts';

export const weather: Tool = {
  name: 'get_weather',
  description: 'The weather of a city, in days to come.',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string', description: 'As the people there call it.' },
      unit: { type: 'string', enum: ['celsius', 'kelvin'] },
      place: { type: 'object', properties: { altitude: { type: 'number' } }, required: ['altitude'] },
      hours: { type: 'array', items: { type: 'integer' } },
    },
    required: ['city', 'unit', 'place', 'hours'],
  },
};

export const clock: Tool = { name: 'get_time', description: 'The time at the station.', parameters: { type: 'object', properties: {} } };

const strict: Tool = {
  name: 'book_room',
  description: 'Books a room.',
  parameters: {
    type: 'object',
    properties: {
      guest: { $ref: '#/$defs/guest' },
      nights: { type: 'integer', minimum: 1, maximum: 30 },
      price: { anyOf: [{ type: 'number' }, { type: 'null' }] },
      code: { type: 'string', pattern: '^[A-Z]{3}$', minLength: 3 },
    },
    required: ['guest', 'nights', 'code'],
    additionalProperties: false,
    $defs: { guest: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false } },
  },
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The only call of an answer. */
export function onlyCall({ calls, text, finish }: Said): Call {
  const [call, ...more] = calls;
  check(call !== undefined && more.length === 0, `there are ${calls.length} calls, and it said ${text}`);
  check(finish === 'tool-calls' || finish === 'stop', `it ended with ${finish}`);
  return call;
}

/** Runs in JSON and streamed. */
const both =
  (run: (session: Session, manner: Manner, stage: Parameters<Feature['run']>[0]) => Promise<void>): Feature['run'] =>
  async (stage) => {
    for (const stream of [false, true]) await run(stage.open(), { stream }, stage);
  };

/** Three turns: a call, a second one after its result, and words after that. */
const loop =
  (stream: boolean): Feature['run'] =>
  async ({ open, fake }) => {
    const session = open();
    const tools = [weather, clock];
    session.user('Ask get_weather for "Bern".');
    const first = onlyCall(await session.answer({ tools }, { stream }));
    check(isObject(first.arguments) && first.arguments['city'] === 'Bern', `the arguments are ${JSON.stringify(first.arguments)}`);
    session.results({ call: first, text: 'Sun over Bern' });
    fake.behave({ say: { toolCalls: [{ name: 'get_time', arguments: {} }] } });
    const second = onlyCall(await session.answer({ tools }, { stream }));
    check(second.name === 'get_time', `it called ${second.name}`);
    session.results({ call: second, text: 'A quarter past nine' });
    const { text } = await session.answer({ tools }, { stream });
    check(text.includes('get_time answered: "A quarter past nine"'), `it said ${text}`);
  };

/** Every second result is gone. */
const halfOfResults: Mutation = {
  request: (request) => ({
    ...request,
    messages: request.messages.filter((message, index) => message.role !== 'tool' || request.messages[index - 1]?.role !== 'tool'),
  }),
};

export const toolFeatures: readonly Feature[] = [
  {
    name: 'tool call',
    run: both(async (session, manner, stage) => {
      session.user('Ask get_weather for "Bern".');
      const call = onlyCall(await session.answer({ tools: [weather] }, manner));
      check(call.name === 'get_weather', `it called ${call.name}`);
      const wanted = { city: 'Bern', unit: 'celsius', place: { altitude: 1.5 }, hours: [1] };
      check(JSON.stringify(call.arguments) === JSON.stringify(wanted), `the arguments are ${JSON.stringify(call.arguments)}`);
      checkSent(stage, 'in days to come', 'As the people there call it', 'kelvin');
    }),
    mutation: withoutParts('tool-arguments'),
  },
  {
    name: 'tool with all of JSON Schema',
    async run(stage) {
      const session = stage.open();
      session.user('Call book_room for "Zoe" with "ABC".');
      const call = onlyCall(await session.answer({ tools: [strict] }));
      check(JSON.stringify(call.arguments) === JSON.stringify({ guest: { name: 'Zoe' }, nights: 1, code: 'ABC' }), JSON.stringify(call.arguments));
      checkSent(stage, '"pattern"', '"anyOf"', '"minimum"', '"minLength"');
    },
    mutation: {
      request: (request) => ({
        ...request,
        tools: request.tools.map((tool) => ({ ...tool, parameters: '{"type":"object"}' as typeof tool.parameters })),
      }),
    },
  },
  {
    name: 'tool choice: none',
    async run({ open }) {
      const session = open();
      session.user('Do not ask get_weather for "Bern".');
      const { calls } = await session.answer({ tools: [weather], toolChoice: 'none' });
      check(calls.length === 0, 'it called a tool');
    },
    mutation: withoutFields('toolChoice'),
  },
  {
    name: 'tool choice: required',
    async run({ open }) {
      const session = open();
      session.user('Hello');
      check(onlyCall(await session.answer({ tools: [clock, weather], toolChoice: 'required' })).name === 'get_time', 'it called the wrong tool');
    },
    mutation: withoutFields('toolChoice'),
  },
  {
    name: 'tool choice: one by name',
    async run({ open }) {
      const session = open();
      session.user('Ask get_time.');
      const call = onlyCall(await session.answer({ tools: [clock, weather], toolChoice: { name: 'get_weather' } }));
      check(call.name === 'get_weather', 'it called the wrong tool');
    },
    mutation: withoutFields('toolChoice'),
  },
  {
    name: 'parallel calls and their results',
    run: both(async (session, manner) => {
      const tools = [weather, clock];
      session.user('Ask get_weather for "Bern", and get_time.');
      const { calls } = await session.answer({ tools }, manner);
      const [first, second] = calls;
      check(first?.name === 'get_weather' && second?.name === 'get_time', `it called ${calls.map(({ name }) => name).join(' and ')}`);
      check(first.id !== second.id, 'both calls have one id');
      session.results({ call: first, text: 'Sun over Bern' }, { call: second, text: 'A quarter past nine' });
      const { text } = await session.answer({ tools }, manner);
      check(text.includes('get_weather answered: "Sun over Bern"') && text.includes('get_time answered: "A quarter past nine"'), `it said ${text}`);
    }),
    mutation: halfOfResults,
  },
  {
    name: 'at most one call',
    async run({ open }) {
      const session = open();
      session.user('Ask get_weather for "Bern", and get_time.');
      check((await session.answer({ tools: [weather, clock], oneCall: true })).calls.length === 1, 'it made more');
    },
    mutation: withoutFields('parallelToolCalls'),
  },
  {
    name: 'call without arguments',
    run: both(async (session, manner, { fake, provider, isTranslated }) => {
      session.user('What time is it?');
      fake.behave({ say: { toolCalls: [{ name: 'get_time', arguments: (isTranslated ? provider.noArguments : undefined) ?? {} }] } });
      const call = onlyCall(await session.answer({ tools: [clock] }, manner));
      check(JSON.stringify(call.arguments) === '{}', `the arguments are ${JSON.stringify(call.arguments)}`);
      session.results({ call, text: 'A quarter past nine' });
      const { text } = await session.answer({ tools: [clock] }, manner);
      check(text.includes('get_time answered: "A quarter past nine"'), `it said ${text}`);
    }),
    mutation: withoutParts('tool-call'),
  },
  { name: 'tool loop of three turns', run: loop(false), mutation: withoutMessages('tool') },
  { name: 'streamed tool loop of three turns', run: loop(true), mutation: withoutMessages('tool') },
  {
    name: 'tool result with an image',
    async run(stage) {
      const session = stage.open();
      session.user('Ask get_weather for "Bern".');
      const call = onlyCall(await session.answer({ tools: [weather] }));
      session.results({ call, text: 'See the picture', image: png });
      await session.answer({ tools: [weather] });
      checkSent(stage, 'See the picture', png.base64);
    },
    mutation: withoutContent('image'),
  },
  {
    name: 'tool result that is an error',
    async run(stage) {
      const session = stage.open();
      session.user('Ask get_weather for "Bern".');
      const call = onlyCall(await session.answer({ tools: [weather] }));
      session.results({ call, text: 'The station is silent', isError: true });
      await session.answer({ tools: [weather] });
      checkSent(stage, 'The station is silent', /"is_error":\s*true|"status":\s*"error"|"error":|Error: /);
    },
    mutation: withMessages((message) => (message.role === 'tool' ? { ...message, isError: false } : message)),
  },
  {
    name: 'structured output',
    run: both(async (session, manner) => {
      session.user('Where does "Zoe" live?');
      const properties = { name: { type: 'string' }, age: { type: 'integer' } };
      const schema = { type: 'object', properties, required: ['name', 'age'], additionalProperties: false };
      const { text } = await session.answer({ schema }, manner);
      check(text.replaceAll(/\s/g, '') === '{"name":"Zoe","age":1}', `it said ${text}`);
    }),
    mutation: withoutFields('responseFormat'),
  },
];
