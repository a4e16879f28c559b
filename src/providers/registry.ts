import { anthropic } from './anthropic.ts';
import { openai } from './openai.ts';
import { openaiCompatible } from './openai-compatible.ts';
import type { Provider } from './provider.ts';

/** The kinds of provider that a config can name, by their name there. */
export const providerKinds: ReadonlyMap<string, Provider> = new Map(
  [openai, anthropic, openaiCompatible].map((provider) => [provider.kind, provider]),
);
