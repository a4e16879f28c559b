import type { FakeProvider } from '../../src/demo/server.ts';
import type { Ear, Session } from './conversation.ts';
import type { Mutation } from './mutation.ts';
import type { ProviderUnderTest } from './providers.ts';

/** One thing that an application may rely on. */
export interface Feature {
  /** On the page, and in `lacks` of providers. */
  name: string;
  /** Whether the provider's model that thinks is asked. */
  thinks?: true;
  /** Throws where it does not hold. */
  run(stage: Stage): Promise<void>;
  /** How it is taken out of the translator; absent where no translator does it. */
  mutation?: Mutation;
}

export interface FeatureGroup {
  title: string;
  features: readonly Feature[];
}

/** What a feature is tried on: one client at one provider, whom nobody else talks to meanwhile. */
export interface Stage {
  open(): Session;
  /** The client's. */
  protocol: string;
  /** Whether client and provider speak different protocols. */
  isTranslated: boolean;
  provider: ProviderUnderTest;
  fake: FakeProvider;
  ear: Ear;
}

/** What the provider was sent last. */
function sent({ fake }: Stage): string {
  const last = fake.requests.at(-1);
  if (last === undefined) throw new Error('the provider got nothing');
  return last.body.toString();
}

export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Checks that the provider was sent these words. */
export function checkSent(stage: Stage, ...words: (string | RegExp)[]): void {
  const body = sent(stage);
  for (const word of words)
    check(
      typeof word === 'string' ? body.includes(word) : word.test(body),
      `the provider was not sent ${String(word).slice(0, 60)}, but ${body.slice(0, 1500)}`,
    );
}
