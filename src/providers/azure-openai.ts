import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiCompletions } from '../protocols/openai-completions/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import { openaiResponses } from '../protocols/openai-responses/index.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { azureCredential } from './auth/azure.ts';
import type { Api, Provider } from './provider.ts';

/** OpenAI's APIs at Azure, where a model is a deployment of one's own: https://learn.microsoft.com/azure/ai-foundry/openai/reference */
export const azureOpenAI: Provider = {
  kind: 'azure-openai',
  apis: [
    api(openaiChat, '/chat/completions'),
    api(openaiResponses, '/responses'),
    api(openaiCompletions, '/completions'),
    api(openaiEmbeddings, '/embeddings'),
  ],
  defaultBaseUrl: ({ resource }) => (resource === undefined ? undefined : `https://${resource}.openai.azure.com`),
  settings: { required: [], optional: ['resource', 'apiVersion'] },
  credentials: [['apiKey'], ['accessToken'], ['tenantId', 'clientId', 'clientSecret'], []],
  pricedAs: 'azure',
  passThroughPath: (path, { model }, { apiVersion }) => openaiPath(path, model, apiVersion),
  connect: azureCredential,
};

/** Where the versionless API has an endpoint, and where the dated one has it: there the path names the deployment. */
const openaiPath = (path: string, model: string, apiVersion: string | undefined): string =>
  apiVersion === undefined
    ? `/openai/v1${path}`
    : `/openai/deployments/${encodeURIComponent(model)}${path}?api-version=${encodeURIComponent(apiVersion)}`;

/** Responses exist in the versionless API alone. */
function api(protocol: Protocol, path: string): Api {
  return {
    protocol,
    path: ({ model }, { apiVersion }) => openaiPath(path, model, protocol === openaiResponses ? undefined : apiVersion),
    quirks: { maxTokensField: 'max_completion_tokens' },
    defaultHeaders: {},
    passQuery: [],
    passHeaders: [],
  };
}
