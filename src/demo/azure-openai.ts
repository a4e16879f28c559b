import { knowsModel } from './behaviour.ts';
import { createBatchEndpoints } from './openai/batches.ts';
import { createChatVendor } from './openai/chat.ts';
import type { ChatRequest } from './openai/chat.ts';
import { createCompletionsVendor } from './openai/completions.ts';
import { embeddingsEndpoint } from './openai/embeddings.ts';
import { createFileStore, fileEndpoints } from './openai/files.ts';
import { openAIErrorBody, openAIGate } from './openai/gate.ts';
import { allOpenAIModels } from './openai/models.ts';
import { responsesEndpoints } from './openai/responses/endpoints.ts';
import { createResponseStore } from './openai/responses/store.ts';
import { createResponsesVendor } from './openai/responses/vendor.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import { isObject } from './shape.ts';
import type { Address, Call, Gate, PlainEndpoint, Refusal, Vendor, WireEvent } from './vendor.ts';

export interface AzureOptions extends FakeOptions {
  /** The one Entra ID token that is let in, beside the key. */
  token?: string;
  /** The model behind each deployment, by its name. Without it each provider model is a deployment of its own name. */
  deployments?: Readonly<Record<string, string>>;
}

const defaultKey = 'azure-demo-key';

/** How a path names its endpoint: under a deployment, under the version 1 API, or under the resource itself. */
type Reach = 'deployment' | 'v1' | 'resource';

/**
 * The fake Azure OpenAI (https://learn.microsoft.com/azure/ai-services/openai/reference): `/openai/deployments/{deployment}/…` with an `api-version`, and
 * `/openai/v1/…` with the deployment's name as the model. Its `url` is that of the resource. The key goes into `api-key`; on `/openai/v1` as `Bearer` too.
 */
export function startFakeAzureOpenAI({ token, deployments, ...options }: AzureOptions = {}): Promise<FakeProvider> {
  const { apiKey = defaultKey, now = Date.now } = options;
  const nowSeconds = (): number => Math.floor(now() / 1000);
  const files = createFileStore(nowSeconds);
  const state = { scope: `azure-openai ${apiKey}`, responses: createResponseStore(), files };
  const gate = createGate(token);
  const known = new Map(Object.entries(deployments ?? {}));
  const vendors = [
    onAzure(filtered(createChatVendor(gate, files)), ['deployment', 'v1'], known),
    onAzure(createCompletionsVendor(gate), ['deployment', 'v1'], known),
    onAzure(createResponsesVendor(gate, state), ['resource', 'v1'], known),
  ] as const;
  const stored = [...responsesEndpoints(state), ...fileEndpoints(files), ...createBatchEndpoints(files, nowSeconds)];
  const plain = [
    plainOnAzure(embeddingsEndpoint, ['deployment', 'v1'], known),
    ...stored.map((endpoint) => plainOnAzure(endpoint, ['resource', 'v1'], known)),
  ];
  const models = deployments ? Object.keys(deployments) : allOpenAIModels;
  return startFake({ vendors, plain, basePath: '' }, defaultKey, { models, ...options });
}

const createGate = (token: string | undefined): Gate => ({
  maxBodyBytes: openAIGate.maxBodyBytes,
  responseHeaders: (requestId) => ({ 'apim-request-id': requestId, 'x-request-id': requestId, 'x-ms-region': 'demo' }),
  checkCall: (call, apiKey) => checkCredential(call, apiKey, token),
  refusalFor: azureRefusal,
  errorBody: azureErrorBody,
});

function checkCredential({ headers, url }: Call, apiKey: string, token: string | undefined): Refusal | undefined {
  const { authorization, 'api-key': key } = headers;
  if (key !== undefined) return key === apiKey ? undefined : azureRefusal(401);
  const isToken = token !== undefined && authorization === `Bearer ${token}`;
  const isKey = url.startsWith('/openai/v1/') && authorization === `Bearer ${apiKey}`;
  return isToken || isKey ? undefined : azureRefusal(401);
}

const statuses: Readonly<Record<number, string>> = {
  401: 'The key or token is not one of this resource.',
  403: 'The caller may not use this resource.',
  404: 'There is no such resource.',
  429: 'The deployment’s rate limit is reached; try again later.',
};

/** What Azure itself refuses has a status for its code, and no type. */
function azureRefusal(status: number): Refusal {
  if (status === 400) return openAIGate.refusalFor(status);
  return { status, code: String(status), message: statuses[status] ?? 'The request could not be served.' };
}

function azureErrorBody(refusal: Refusal): object {
  const { code, message, type } = refusal;
  return type === undefined ? { error: { code, message } } : openAIErrorBody(refusal);
}

const version = /^\d{4}-\d{2}-\d{2}(-preview)?$/;

/** The path that an endpoint has at OpenAI, and the deployment that Azure's path names. */
function locate(path: string, query: URLSearchParams, reaches: readonly Reach[]): { path: string; deployment?: string } | undefined {
  const [, deployment, inside] = /^\/openai\/deployments\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const latest = /^\/openai\/v1\/(.+)$/.exec(path)?.[1];
  if (latest !== undefined) return reaches.includes('v1') ? { path: `/v1/${latest}` } : undefined;
  if (!version.test(query.get('api-version') ?? '')) return undefined;
  if (deployment !== undefined)
    return reaches.includes('deployment') ? { path: `/v1/${inside}`, deployment: decodeURIComponent(deployment) } : undefined;
  const direct = /^\/openai\/(.+)$/.exec(path)?.[1];
  return direct !== undefined && reaches.includes('resource') ? { path: `/v1/${direct}` } : undefined;
}

const withDeployment = (address: Address | undefined, deployment: string | undefined): Address | undefined =>
  address && (deployment === undefined ? address : { ...address, deployment });

/** The body as OpenAI would have it: with the model behind the deployment; refused where there is no such deployment. */
function toModel(
  body: unknown,
  { deployment }: Address,
  models: ReadonlySet<string>,
  known: ReadonlyMap<string, string>,
): { body: unknown; models: ReadonlySet<string> } | { refusal: Refusal } {
  if (!isObject(body)) return { body, models };
  const name = deployment ?? body['model'];
  if (typeof name !== 'string') return { body, models };
  const model = known.get(name) ?? (knowsModel(models, name) ? name : undefined);
  if (model === undefined)
    return { refusal: { status: 404, code: 'DeploymentNotFound', message: `This resource has no deployment '${name}', or not yet.` } };
  return { body: { ...body, model }, models: new Set([model]) };
}

function onAzure<Request>(vendor: Vendor<Request>, reaches: readonly Reach[], known: ReadonlyMap<string, string>): Vendor<Request> {
  return {
    ...vendor,
    name: 'Azure OpenAI',
    match(path, query) {
      const at = locate(path, query, reaches);
      return at && withDeployment(vendor.match(at.path, query), at.deployment);
    },
    read(body, models, call) {
      const translated = toModel(body, call.address, models, known);
      return 'refusal' in translated ? translated : vendor.read(translated.body, translated.models, call);
    },
  };
}

function plainOnAzure(endpoint: PlainEndpoint, reaches: readonly Reach[], known: ReadonlyMap<string, string>): PlainEndpoint {
  return {
    ...endpoint,
    match(method, path, query) {
      const at = locate(path, query, reaches);
      return at && withDeployment(endpoint.match(method, at.path, query), at.deployment);
    },
    answer(call, models) {
      const translated = toModel(call.json, call.address, models, known);
      return 'refusal' in translated ? translated : endpoint.answer({ ...call, json: translated.body }, translated.models);
    },
  };
}

const harmless = { severity: 'safe', filtered: false };
const contentFilter = { hate: harmless, self_harm: harmless, sexual: harmless, violence: harmless };
const promptFilter = [{ prompt_index: 0, content_filter_results: contentFilter }];

/** Adds what Azure's content filter says: to each choice, and of the prompt in a first chunk that has no choice. */
const filtered = (vendor: Vendor<ChatRequest>): Vendor<ChatRequest> => ({
  ...vendor,
  json: (reply) => ({ ...addToChoices(vendor.json(reply)), prompt_filter_results: promptFilter }),
  events(reply): WireEvent[] {
    const first = { id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: promptFilter };
    return [{ data: first }, ...vendor.events(reply).map((event) => (isObject(event.data) ? { ...event, data: addToChoices(event.data) } : event))];
  },
});

function addToChoices(data: unknown): Record<string, unknown> {
  if (!isObject(data)) return {};
  const choices: unknown[] = Array.isArray(data['choices']) ? data['choices'] : [];
  return { ...data, choices: choices.map((choice) => (isObject(choice) ? { ...choice, content_filter_results: contentFilter } : choice)) };
}
