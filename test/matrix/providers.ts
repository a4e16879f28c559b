import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import type { FeatureName } from './features.ts';

/** A provider of the matrix, and its strict fake. */
export interface ProviderUnderTest {
  /** In the config, and of its model. */
  name: string;
  /** On the page. */
  title: string;
  start(): Promise<FakeProvider>;
  /** As the config has it. */
  config(fake: FakeProvider): Record<string, unknown>;
  /** Models of the provider's own: one that answers, and one that thinks before it does. */
  models: { plain: string; thinking?: string };
  /** What the provider has not, whoever asks, and why. */
  lacks: { readonly [Name in FeatureName]?: string };
}

export const providers: readonly ProviderUnderTest[] = [
  {
    name: 'openai',
    title: 'OpenAI',
    start: () => startFakeOpenAI(),
    config: ({ url, apiKey }) => ({ kind: 'openai', baseUrl: url, apiKey }),
    models: { plain: 'gpt-4o-mini', thinking: 'gpt-5-mini' },
    lacks: {},
  },
  {
    name: 'anthropic',
    title: 'Anthropic',
    start: () => startFakeAnthropic(),
    config: ({ url, apiKey }) => ({ kind: 'anthropic', baseUrl: url, apiKey }),
    models: { plain: 'claude-sonnet-4-5', thinking: 'claude-sonnet-4-5' },
    lacks: {},
  },
];
