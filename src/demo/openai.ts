import { createBatchEndpoints } from './openai/batches.ts';
import { createChatVendor } from './openai/chat.ts';
import { createCompletionsVendor } from './openai/completions.ts';
import { embeddingsEndpoint } from './openai/embeddings.ts';
import { createFileStore, fileEndpoints } from './openai/files.ts';
import { openAIGate } from './openai/gate.ts';
import { mediaEndpoints } from './openai/media.ts';
import { modelEndpoints } from './openai/model-list.ts';
import { allOpenAIModels } from './openai/models.ts';
import { responsesEndpoints } from './openai/responses/endpoints.ts';
import { createResponseStore } from './openai/responses/store.ts';
import { createResponsesVendor } from './openai/responses/vendor.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';

const defaultKey = 'sk-demo-openai';

/** Chat Completions alone, without files: for servers that speak it in their own way. */
export const openAI = createChatVendor(
  openAIGate,
  createFileStore(() => 0),
);

/**
 * The fake OpenAI: Chat Completions, Responses, legacy Completions, embeddings and models, and in plain form images, transcriptions, moderations, files and
 * batches. Encrypted reasoning belongs to the key: another fake with the same key takes it too.
 */
export function startFakeOpenAI(options: FakeOptions = {}): Promise<FakeProvider> {
  const { apiKey = defaultKey, now = Date.now } = options;
  const nowSeconds = (): number => Math.floor(now() / 1000);
  const files = createFileStore(nowSeconds);
  const state = { scope: `openai ${apiKey}`, responses: createResponseStore(), files };
  const plain = [
    ...responsesEndpoints(state),
    embeddingsEndpoint,
    ...modelEndpoints,
    ...mediaEndpoints(nowSeconds),
    ...fileEndpoints(files),
    ...createBatchEndpoints(files, nowSeconds),
  ];
  const vendors = [createChatVendor(openAIGate, files), createResponsesVendor(openAIGate, state), createCompletionsVendor(openAIGate)] as const;
  return startFake({ vendors, plain, basePath: '/v1' }, defaultKey, { models: allOpenAIModels, ...options });
}
