import { anthropic } from './anthropic.ts';
import { azureOpenAI } from './azure-openai.ts';
import { bedrock } from './bedrock.ts';
import { cohere } from './cohere.ts';
import { compatibleVendors } from './compatible-vendors.ts';
import { gemini } from './gemini.ts';
import { openai } from './openai.ts';
import type { Provider } from './provider.ts';
import { vertex } from './vertex.ts';

/** The kinds of provider that a config can name, by their name there. */
export const providerKinds: ReadonlyMap<string, Provider> = new Map(
  [openai, azureOpenAI, anthropic, gemini, vertex, bedrock, cohere, ...compatibleVendors].map((provider) => [provider.kind, provider]),
);
