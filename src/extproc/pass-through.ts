import type { Snapshot } from '../config/snapshot.ts';
import { GatewayError } from '../errors.ts';
import { JsonSyntaxError } from '../framing/json.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { Identity } from '../policies/tenant.ts';
import { namesStored, withRenamedIds, type PassThroughCall } from '../protocols/pass-through.ts';
import { sealPrefix, type Seal } from '../protocols/seal.ts';
import { notStored } from '../protocols/stored-ids.ts';
import { accountId, keeps, type Deployment } from '../routing/deployment.ts';
import { forbids, restrictionsOf } from '../routing/residency.ts';
import { shownTo } from '../routing/prepare-attempt.ts';
import { attemptReply } from './first-attempt.ts';
import { proceed, requireBody, type Conversation, type Message, type Proceed, type RequestHeaders, type ResponseHeaders } from './message.ts';
import { envoyReply, isEnvoyReply } from './envoy-reply.ts';
import { requireOwnCredential } from './provider-error.ts';
import type { Attempts } from './attempts.ts';
import type { HeldBody } from './held-body.ts';
import { answerHeaders, bodyHeaders } from './response-headers.ts';
import { ownHeaders, type ExchangeState } from './state.ts';

/** Pictures take minutes. */
const waits = { attemptMs: 600_000, totalMs: undefined, betweenTokensMs: undefined };

/** A client's headers that a provider gets of a call that nobody reads. */
const passedHeaders = ['content-type', 'accept'];

export interface PassThroughParts {
  snapshot: Snapshot;
  identity: Identity;
  pipeline: PipelineRun;
  seal: Seal;
  attempts: Attempts;
  memory: HeldBody;
}

/**
 * Carries a call of an endpoint that is no chat to its provider: the caller is known and may, the credential is the provider's, and what the provider keeps
 * is known to clients by sealed ids only. JSON may name stored objects, so it is looked through for them; forms cannot, and are not even shown to us.
 */
export async function* passThrough(call: PassThroughCall, opening: RequestHeaders, parts: PassThroughParts, state: ExchangeState): Conversation {
  requireAllowed(call, parts);
  const stored = call.id === undefined ? undefined : openId(call.id, parts.seal);
  const deployment = deploymentFor(call, stored?.endpoint, opening, parts);
  requirePermitted(deployment, parts);
  await parts.pipeline.onPassThrough(call.group, deployment);
  state.outcome.deployment = deployment;

  const path = pathAt(deployment, call, stored?.id);
  let message: Message;
  if (!opening.endOfStream && !isForm(opening)) {
    parts.memory.expect(state.opening.headers);
    message = yield proceed;
    if (message.type !== 'request-body') throw new Error(`Envoy sent ${message.type} where the request's body belongs`);
    parts.memory.hold(message.body.length);
    const body = message.body.length === 0 ? message.body : withOpenIds(message.body, deployment, parts.seal);
    message = yield await outgoing(deployment, path, parts.attempts, state, body);
  } else {
    message = yield { ...(await outgoing(deployment, path, parts.attempts, state)), requestBody: 'none', responseBody: 'buffered' };
  }
  if (message.type !== 'response-headers') throw new Error(`Envoy sent ${message.type} where the answer's headers belong`);
  parts.memory.holdAnswer(0);
  if (isEnvoyReply(message.attributes)) return yield* envoyReply(message, state);
  yield* passAnswer(message, call, deployment, parts, state);
}

/** Files on their way to a provider; they name nothing that is stored. */
const isForm = ({ headers }: RequestHeaders): boolean => /^multipart\/form-data;[^,]*$/i.test(headers.get('content-type') ?? '');

function requireAllowed({ group }: PassThroughCall, { identity: { tenant, ownCredential } }: PassThroughParts): void {
  if (ownCredential !== undefined) {
    throw new GatewayError('own-key-refused', `Calls to ${group} are made with the gateway's credential alone. Leave x-remora-provider-key out.`);
  }
  if (!tenant.passThrough) {
    throw new GatewayError('pass-through-refused', `Tenant "${tenant.name}" may not call ${group}: set passThrough for it in the config.`);
  }
  if (tenant.privacy !== undefined) {
    throw new GatewayError(
      'pass-through-refused',
      `Tenant "${tenant.name}" has its personal data redacted, and what is sent to ${group} cannot be read.`,
    );
  }
}

/** What a tenant is held to holds for calls that nobody reads too. */
function requirePermitted({ endpoint }: Deployment, { identity: { tenant } }: PassThroughParts): void {
  const reason = forbids(endpoint, restrictionsOf(tenant, []));
  if (reason === undefined) return;
  throw new GatewayError('not-permitted', `This call may not be sent to ${endpoint.name}: ${reason}.`);
}

/** Where the call goes: to who has the object, to the model that the path or `x-remora-model` names, else to the config's provider for such calls. */
function deploymentFor(
  call: PassThroughCall,
  keeper: string | undefined,
  opening: RequestHeaders,
  { snapshot, identity }: PassThroughParts,
): Deployment {
  if (keeper !== undefined) {
    const kept = allDeployments(snapshot).find(({ endpoint }) => keeps(endpoint, keeper));
    if (kept === undefined) throw notStored();
    return kept;
  }
  const name = call.model ?? opening.headers.get('x-remora-model');
  if (name !== undefined) {
    const model = snapshot.models.get(name);
    if (model === undefined || !(identity.tenant.models?.has(name) ?? true)) {
      throw new GatewayError('model-not-found', `There is no model "${name.slice(0, 100)}" for this key.`, { field: 'model' });
    }
    const [target] = model.targets;
    if (target !== undefined) return target.deployments[0];
  }
  const standing = snapshot.passThrough;
  if (standing === undefined) {
    throw new GatewayError(
      'pass-through-refused',
      `No provider is set for ${call.group}: set passThrough.provider in the config, or name a model in the header x-remora-model.`,
    );
  }
  return standing.deployment;
}

const allDeployments = ({ models, passThrough: standing }: Snapshot): Deployment[] => [
  ...[...models.values()].flatMap(({ targets }) => targets.flatMap(({ deployments }) => deployments)),
  ...(standing === undefined ? [] : [standing.deployment]),
];

/** An id that we gave this tenant. Throws `stored-not-found` for any other, its own kind included: it may be another tenant's. */
function openId(text: string, seal: Seal): { id: string; endpoint: string } {
  const opened = seal.open(text);
  if (opened?.type !== 'stored') throw notStored();
  return opened;
}

function withOpenIds(body: Buffer, { endpoint }: Deployment, seal: Seal): Buffer {
  return withRenamedIds(body, (id, path) => {
    const opened = seal.open(id);
    if (opened?.type === 'stored' && keeps(endpoint, opened.endpoint)) return opened.id;
    if (id.startsWith(sealPrefix) || namesStored(id, path)) throw notStored(path);
    return undefined;
  });
}

function pathAt({ endpoint, model }: Deployment, { path }: PassThroughCall, id: string | undefined): string {
  const { provider, baseUrl, settings } = endpoint;
  const filled = id === undefined ? path : path.replace('{id}', encodeURIComponent(id));
  const below = provider.passThroughPath?.(filled, { model }, settings);
  if (below === undefined) throw new GatewayError('pass-through-refused', `${endpoint.name} has no such endpoint.`);
  return baseUrl.pathname.replace(/\/$/, '') + below;
}

/** The call as it goes to the provider: to the first of its accounts, or to the one that has what it names. */
async function outgoing(deployment: Deployment, path: string, attempts: Attempts, state: ExchangeState, body?: Buffer): Promise<Proceed> {
  const { endpoint } = deployment;
  const { headers: sent } = state.opening;
  const headers = new Map(passedHeaders.flatMap((name) => (sent.has(name) ? [[name, sent.get(name) ?? '']] : [])));
  const call = { method: sent.get(':method') ?? '', host: endpoint.baseUrl.host, path, body: body ?? Buffer.alloc(0), headers };
  for (const [name, value] of Object.entries(await shownTo(endpoint, call))) headers.set(name, value);
  state.outcome.attempts = 1;
  attempts.begin(1, deployment, false, false);
  return attemptReply({ path, headers, ...(body && { body }) }, { chain: [deployment], maxAttempts: 1, form: 'plain', waits, fallbackOn: [] }, state);
}

async function* passAnswer(
  message: ResponseHeaders,
  call: PassThroughCall,
  deployment: Deployment,
  { seal, memory, pipeline }: Pick<PassThroughParts, 'seal' | 'memory' | 'pipeline'>,
  state: ExchangeState,
): Conversation {
  const status = Number(message.headers.get(':status'));
  state.outcome.status = status;
  requireOwnCredential(status, deployment);
  const headers = answerHeaders(message.headers, ownHeaders(state, pipeline.warnings()));
  state.outcome.end = status < 400 ? 'complete' : 'failed';
  if (message.endOfStream || !call.readsAnswer || status >= 400) {
    yield { type: 'proceed', ...headers, responseBody: 'none' };
    return;
  }
  const next = yield { type: 'proceed', ...headers, responseBody: 'buffered' };
  const { body } = requireBody(next);
  memory.holdAnswer(body.length);
  const sealed = withSealedIds(body, deployment, seal);
  yield { type: 'proceed', body: sealed, setHeaders: bodyHeaders(sealed) };
}

/** An answer whose ids nobody can read is not passed on: they are keys to objects that all tenants share. */
function withSealedIds(body: Buffer, { endpoint }: Deployment, seal: Seal): Buffer {
  try {
    return withRenamedIds(body, (id, path) => (namesStored(id, path) ? seal.seal({ type: 'stored', id, endpoint: accountId(endpoint) }) : undefined));
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new GatewayError('provider-error', `${endpoint.name} answered something that cannot be read.`, { cause });
  }
}
