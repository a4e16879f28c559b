import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeBedrock } from '../../src/demo/bedrock.ts';
import { startFakeGemini } from '../../src/demo/gemini.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { anthropicClient, openaiClient, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';

/** Who makes the model, and so whose state its reasoning has. The fakes refuse state that they did not give, or that was changed. */
const makers = ['claude', 'gemini', 'gpt', 'bedrock'] as const;
type Maker = (typeof makers)[number];

let world: World;
let gateway: RunningGateway;
const fakes = {} as Record<Maker, FakeProvider>;

const targets: Record<Maker, object> = {
  claude: { provider: 'anthropic', model: 'claude-sonnet-4-6' },
  gemini: { provider: 'gemini', model: 'gemini-3-pro-preview' },
  gpt: { provider: 'openai', model: 'gpt-5-mini' },
  bedrock: { provider: 'bedrock', model: 'eu.anthropic.claude-sonnet-4-6' },
};

/** Each maker first, with each other one to fall back to. */
const chains = makers.flatMap((first) => makers.filter((other) => other !== first).map((other) => ({ first, other })));

beforeAll(async () => {
  const gemini = await startFakeGemini();
  const bedrock = await startFakeBedrock();
  world = await startWorld({
    providers: {
      gemini: { kind: 'gemini', baseUrl: gemini.url, apiKey: gemini.apiKey },
      bedrock: { kind: 'bedrock', region: 'eu-central-1', baseUrl: bedrock.url, apiKey: bedrock.apiKey },
    },
    models: {
      'budget-thinker': { targets: [{ provider: 'anthropic', model: 'claude-sonnet-4-5' }] },
      ...Object.fromEntries(makers.map((maker) => [`only-${maker}`, { targets: [targets[maker]] }])),
      ...Object.fromEntries(chains.map(({ first, other }) => [`${first}-${other}`, { targets: [targets[first]], fallback: [`only-${other}`] }])),
    },
  });
  Object.assign(fakes, { claude: world.anthropic, gemini, gpt: world.openai, bedrock });
  gateway = await startGateway(world.config);
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([world.stop(), fakes.gemini.stop(), fakes.bedrock.stop()]);
});

const parameters = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
const question = 'Use weather for "Ulm".';
const thoughts = ['I should look up the weather.', 'Now the other city.', 'Once more, to be sure.'];
const cities = ['Ulm', 'Bonn', 'Jena'];

/** What the maker of a turn shall think and call. */
const think = (maker: Maker, turn: number): void =>
  fakes[maker].behave({ say: { reasoning: thoughts[turn] ?? '', toolCalls: [{ name: 'weather', arguments: { city: cities[turn] } }] } });

/** Who answers each turn of the loop: the first one, the other (the first is overloaded), and the first again; then the answer. */
const turns = ({ first, other }: { first: Maker; other: Maker }): { maker: Maker; fails: Maker | undefined }[] => [
  { maker: first, fails: undefined },
  { maker: other, fails: first },
  { maker: first, fails: undefined },
];

function prepare({ maker, fails }: { maker: Maker; fails: Maker | undefined }, turn: number): void {
  for (const fake of Object.values(fakes)) fake.clear();
  if (fails !== undefined) fakes[fails].behave({ refuse: { status: 503 } });
  think(maker, turn);
}

describe.each(chains)('a tool loop that begins at $first, falls back to $other and returns', (chain) => {
  const model = `${chain.first}-${chain.other}`;

  test.each([false, true])("of the Anthropic SDK keeps each maker's reasoning (streamed: %s)", async (isStreamed) => {
    const client = anthropicClient(gateway);
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: question }];
    const ask = async (): Promise<Anthropic.Message> => {
      const request = {
        model,
        max_tokens: 8000,
        thinking: { type: 'adaptive' as const },
        tools: [{ name: 'weather', input_schema: parameters }],
        messages,
      };
      return isStreamed ? client.messages.stream(request).finalMessage() : client.messages.create(request);
    };
    for (const [index, turn] of turns(chain).entries()) {
      prepare(turn, index);
      const message = await ask();
      const call = message.content.find((block) => block.type === 'tool_use');
      expect(call?.input).toEqual({ city: cities[index] });
      messages.push({ role: 'assistant', content: message.content });
      messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: 'sunny' }] });
    }
    for (const fake of Object.values(fakes)) fake.clear();
    const last = await ask();
    expect(last.content.find((block) => block.type === 'text')?.text).toContain('sunny');
    expectOwnReasoning(chain);
  });

  test.each([false, true])("of the OpenAI SDK's chat keeps it too, though that protocol has no field for it (streamed: %s)", async (isStreamed) => {
    const client = openaiClient(gateway);
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: question }];
    const ask = async (): Promise<OpenAI.ChatCompletionMessage> => {
      const request = {
        model,
        reasoning_effort: 'low' as const,
        tools: [{ type: 'function' as const, function: { name: 'weather', parameters } }],
        messages,
      };
      const completion = isStreamed
        ? await client.chat.completions.stream(request).finalChatCompletion()
        : await client.chat.completions.create(request);
      const [choice] = completion.choices;
      if (choice === undefined) throw new Error('no choice');
      return choice.message;
    };
    for (const [index, turn] of turns(chain).entries()) {
      prepare(turn, index);
      const { tool_calls: calls = [] } = await ask();
      const [call] = calls;
      if (call?.type !== 'function') throw new Error('no call');
      expect(JSON.parse(call.function.arguments)).toEqual({ city: cities[index] });
      // What a client of OpenAI's chat sends back: no more than the call itself.
      messages.push({ role: 'assistant', content: null, tool_calls: [{ id: call.id, type: 'function', function: call.function }] });
      messages.push({ role: 'tool', tool_call_id: call.id, content: 'sunny' });
    }
    for (const fake of Object.values(fakes)) fake.clear();
    expect((await ask()).content).toContain('sunny');
    // OpenAI's own chat has no reasoning to keep.
    if (chain.first !== 'gpt') expectOwnReasoning(chain);
  });
});

/** The last request to the first maker holds its own reasoning of the first and third turn, and the other maker's only if both serve the same models. */
function expectOwnReasoning({ first, other }: { first: Maker; other: Maker }): void {
  const body = fakes[first].requests.at(-1)?.body.toString() ?? '';
  // A call of another maker's has a placeholder in place of a signature.
  if (first === 'gemini') expect(body.match(/"thoughtSignature":"(?!skip_|c2tpc)/g)?.length).toBeGreaterThanOrEqual(2);
  else if (first === 'gpt') expect(body.match(/"encrypted_content"/g)?.length).toBe(2);
  else for (const turn of [0, 2]) expect(body).toContain(thoughts[turn]);
  const isSameMaker = isClaude(first) && isClaude(other);
  expect(body.includes(thoughts[1] ?? '')).toBe(isSameMaker);
}

const isClaude = (maker: Maker): boolean => maker === 'claude' || maker === 'bedrock';

test.each(['gemini', 'gpt'] as const)(
  'a model that thinks by a budget alone goes on without thinking after a turn of %s, and says so',
  async (other) => {
    const client = anthropicClient(gateway);
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: question }];
    const ask = async (model: string) =>
      client.messages
        .create({
          model,
          max_tokens: 8000,
          thinking: { type: 'enabled', budget_tokens: 2000 },
          tools: [{ name: 'weather', input_schema: parameters }],
          messages,
        })
        .withResponse();
    for (const fake of Object.values(fakes)) fake.clear();
    think(other, 0);
    const { data } = await ask(`only-${other}`);
    const call = data.content.find((block) => block.type === 'tool_use');
    messages.push({ role: 'assistant', content: data.content });
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: 'sunny' }] });
    const { data: last, response } = await ask('budget-thinker');
    expect(last.content.find((block) => block.type === 'text')?.text).toContain('sunny');
    expect(response.headers.get('x-remora-warnings')).toContain('thinking (is switched off');
  },
);
