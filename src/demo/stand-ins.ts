import { startFakeAnthropic } from './anthropic.ts';
import { startFakeAzureOpenAI } from './azure-openai.ts';
import { startFakeBedrock } from './bedrock.ts';
import { startFakeCohere } from './cohere.ts';
import { compatibleNames, startFakeCompatible } from './compatible.ts';
import { startFakeGemini } from './gemini.ts';
import { startFakeOpenAI } from './openai.ts';
import type { FakeProvider } from './server.ts';
import { startFakeVertex } from './vertex.ts';

/** A fake that plays a kind of provider, and what a config says of it. */
export interface StandIn {
  fake: FakeProvider;
  fields: Readonly<Record<string, string>>;
}

const asKey = (fake: FakeProvider): StandIn => ({ fake, fields: { baseUrl: fake.url, apiKey: fake.apiKey } });

const starters: ReadonlyMap<string, () => Promise<StandIn>> = new Map<string, () => Promise<StandIn>>([
  ...compatibleNames.map((name) => [name === 'llama.cpp' ? 'llama-cpp' : name, async () => asKey(await startFakeCompatible(name))] as const),
  ['openai', async () => asKey(await startFakeOpenAI())],
  ['azure-openai', async () => asKey(await startFakeAzureOpenAI())],
  ['anthropic', async () => asKey(await startFakeAnthropic())],
  ['gemini', async () => asKey(await startFakeGemini())],
  ['bedrock', async () => asKey(await startFakeBedrock())],
  ['cohere', async () => asKey(await startFakeCohere())],
  [
    'vertex',
    async () => {
      const fake = await startFakeVertex();
      return { fake, fields: { baseUrl: fake.url, accessToken: fake.apiKey, project: fake.project } };
    },
  ],
]);

/** Starts the fake of a kind of provider; undefined for a kind that has none, such as a server of one's own. */
export const startStandIn = async (kind: string): Promise<StandIn | undefined> => starters.get(kind)?.();
