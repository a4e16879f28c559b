import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiCompletions } from '../protocols/openai-completions/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import { openaiResponses } from '../protocols/openai-responses/index.ts';
import { azureCredential } from './auth/azure.ts';
import { api, type Api, type Provider } from './provider.ts';

/** Where the versionless API has an endpoint, and where the dated one has it: there the path names the deployment. */
const openaiPath = (path: string, model: string, apiVersion: string | undefined): string =>
  apiVersion === undefined
    ? `/openai/v1${path}`
    : `/openai/deployments/${encodeURIComponent(model)}${path}?api-version=${encodeURIComponent(apiVersion)}`;

const at =
  (path: string): Api['path'] =>
  ({ model }, { apiVersion }) =>
    openaiPath(path, model, apiVersion);

/** OpenAI's APIs at Azure, where a model is a deployment of one's own: https://learn.microsoft.com/azure/ai-foundry/openai/reference */
export const azureOpenAI: Provider = {
  kind: 'azure-openai',
  apis: [
    api(openaiChat, at('/chat/completions'), { quirks: { maxTokensField: 'max_completion_tokens' } }),
    api(openaiResponses, openaiPath('/responses', '', undefined)), // the versionless API alone has them
    api(openaiCompletions, at('/completions')),
    api(openaiEmbeddings, at('/embeddings')),
  ],
  defaultBaseUrl: ({ resource }) => (resource === undefined ? undefined : `https://${resource}.openai.azure.com`),
  settings: { required: [], optional: ['resource', 'apiVersion'] },
  credentials: [['apiKey'], ['accessToken'], ['tenantId', 'clientId', 'clientSecret'], []],
  pricedAs: 'azure',
  passThroughPath: (path, { model }, { apiVersion }) =>
    apiVersion === undefined || /^\/(images|audio)\//.test(path)
      ? openaiPath(path, model, apiVersion)
      : `/openai${path}?api-version=${encodeURIComponent(apiVersion)}`, // what is stored belongs to the resource, and no deployment
  connect: (credential) => azureCredential(credential),
};
