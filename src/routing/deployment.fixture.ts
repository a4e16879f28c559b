import { providerKinds } from '../providers/registry.ts';
import type { Deployment, Endpoint, Model, Target } from './deployment.ts';

const [openai] = providerKinds.values();
if (openai?.kind !== 'openai') throw new Error('the registry does not begin with OpenAI');
const provider = openai;

/** An endpoint for tests: OpenAI's, with one account and nothing special, but for what is given. */
export const endpoint = (name: string, fields: Partial<Endpoint> = {}): Endpoint => ({
  name,
  provider,
  baseUrl: new URL('https://api.openai.com/v1'),
  settings: {},
  credential: { name: 'default', weight: 1, authorize: () => ({ authorization: `Bearer sk-${name}` }) },
  caFile: undefined,
  connectTimeoutMs: 5000,
  fingerprint: '',
  region: undefined,
  residency: undefined,
  selfHosted: false,
  maxConcurrent: undefined,
  breaker: undefined,
  ...fields,
});

/** A deployment for tests. */
export const deployment = (at: string | Endpoint, model = 'gpt-5-mini', fields: Partial<Deployment> = {}): Deployment => ({
  endpoint: typeof at === 'string' ? endpoint(at) : at,
  model,
  price: undefined,
  capabilities: {},
  inspect: false,
  ...fields,
});

/** A target of a model for tests, at one account or several. */
export const target = (first: Deployment, weight = 1, ...more: Deployment[]): Target => ({ deployments: [first, ...more], weight });

/** A model for tests: its targets by weight, and nothing else but what is given. */
export const model = (name: string, targets: readonly Target[], fields: Partial<Model> = {}): Model => ({
  name,
  targets,
  strategy: 'weighted',
  sticky: undefined,
  auto: undefined,
  experiment: undefined,
  fallback: [],
  fallbackFor: new Map(),
  fallbackOn: ['5xx', 401, 402, 403, 408, 429],
  retries: 0,
  commitAtFirstToken: false,
  strict: false,
  timeouts: { headersMs: undefined, firstTokenMs: undefined, betweenTokensMs: undefined, totalMs: undefined },
  mirror: undefined,
  ...fields,
});
