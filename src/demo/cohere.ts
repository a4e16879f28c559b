import { cohereEmbed, cohereEmbedModels } from './cohere/embed.ts';
import { cohereRerank, cohereRerankModels, cohereRerankV1 } from './cohere/rerank.ts';
import { createCompatibleChat } from './compatible.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import type { Vendor } from './vendor.ts';

const chat = createCompatibleChat('cohere');

/** Its models are those of all its endpoints. */
const vendor: Vendor<unknown> = { ...chat, models: [...chat.models, ...cohereEmbedModels, ...cohereRerankModels] };

/** The fake Cohere: embeddings, rerank, and chat as its compatibility API has it (https://docs.cohere.com/docs/compatibility-api). */
export const startFakeCohere = (options: FakeOptions = {}): Promise<FakeProvider> =>
  startFake({ vendors: [vendor], plain: [cohereEmbed, cohereRerank, cohereRerankV1], basePath: '' }, 'sk-demo-cohere', options);
