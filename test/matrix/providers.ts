import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { providerKinds } from '../../src/providers/registry.ts';

/** A provider of the matrix, and its strict fake. */
export interface ProviderUnderTest {
  /** In the config, and of its model. */
  name: string;
  /** On the page. */
  title: string;
  start(): Promise<FakeProvider>;
  /** As the config has it. */
  config(fake: Pick<FakeProvider, 'url' | 'apiKey'>): Record<string, unknown>;
  /** Models of the provider's own: one that answers, and one that thinks before it does. */
  models: { plain: string; thinking?: string };
  /** What the provider has not, whoever asks, and why. */
  lacks: Readonly<Record<string, string>>;
  /** Arguments of a call that has none, where they are not an empty object. */
  noArguments?: string;
  /** What a request looks like that brings back what the model thought; its text where it is absent. */
  reasoningBack?: RegExp;
  /** The same for what it thought hidden. */
  redactedBack?: RegExp;
  /** Why an answer ended that a filter stopped, in the provider's own word. */
  filteredAs?: string;
}

export const providers: readonly ProviderUnderTest[] = [
  {
    name: 'openai',
    title: 'OpenAI',
    start: () => startFakeOpenAI(),
    config: ({ url, apiKey }) => ({ kind: 'openai', baseUrl: url, apiKey }),
    models: { plain: 'gpt-4o-mini', thinking: 'gpt-5-mini' },
    lacks: {},
    noArguments: '',
    reasoningBack: /"encrypted_content":"[^"]/,
    redactedBack: /"encrypted_content":"[^"]/,
  },
  {
    name: 'anthropic',
    title: 'Anthropic',
    start: () => startFakeAnthropic(),
    config: ({ url, apiKey }) => ({ kind: 'anthropic', baseUrl: url, apiKey }),
    models: { plain: 'claude-sonnet-4-5', thinking: 'claude-sonnet-4-5' },
    lacks: {},
    reasoningBack: /"signature":"[^"]/,
    redactedBack: /"redacted_thinking"/,
    filteredAs: 'refusal',
  },
];

/** Whether a client of this protocol is given the provider's own bytes. */
export function speaks({ config, models }: ProviderUnderTest, protocol: string): boolean {
  const { kind } = config({ url: '', apiKey: '' });
  const apis = providerKinds.get(String(kind))?.apis ?? [];
  return apis.some((api) => api.protocol.name === protocol && (api.serves?.(models.plain) ?? true));
}
