import type { Snapshot } from '../config/snapshot.ts';
import { GatewayError } from '../errors.ts';
import type { Guidance } from '../policies/policy.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { Identity } from '../policies/tenant.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import type { PathFacts } from '../protocols/protocol.ts';
import type { Seal } from '../protocols/seal.ts';
import { withStoredIds } from '../protocols/stored-ids.ts';
import type { ExchangeState } from './state.ts';

/** A received request, and what policies want routing to do. */
export interface GuidedRequest extends ReceivedRequest {
  guidance: Guidance;
}

/** A request as policies left it, and what it tells of where it may go. */
export interface ReceivedRequest {
  request: ClientRequest;
  /** Types of personal data that policies found in it. */
  dataClasses: readonly string[];
  /** The endpoint that keeps what it refers to; undefined where it refers to nothing. */
  keeper: string | undefined;
  /** Ids of objects at the provider that it names, and what the client calls each. */
  storedIds: ReadonlyMap<string, string>;
}

/** What a request is received with. */
export interface ReceiveParts {
  snapshot: Snapshot;
  identity: Identity;
  pipeline: PipelineRun;
  seal: Seal;
}

/** Reads a request from the client's bytes and takes it through the policies. Throws what refuses it. */
export async function receiveRequest(
  body: Buffer,
  path: PathFacts,
  { snapshot, identity, pipeline, seal }: ReceiveParts,
  { protocol, trace }: ExchangeState,
): Promise<ReceivedRequest> {
  const written = await trace.stage('decode', () => new ClientRequest(protocol, body, path));
  const { model, stream, maxTokens } = written.facts;
  // A name that the config does not have may be any text of the client's.
  const known = snapshot.models.has(model) ? model : undefined;
  trace.requested({ model: known, operation: protocol.operation, protocol: protocol.name, stream, maxTokens });
  requireAllowed(model, identity);
  const seen = pipeline.onRequest(written);
  const { request, keeper, ids } = withStoredIds(seen instanceof Promise ? await seen : seen, seal);
  return { request, dataClasses: pipeline.found(), keeper, storedIds: ids };
}

function requireAllowed(model: string, { tenant }: Identity): void {
  if (tenant.models === undefined || tenant.models.has(model)) return;
  const allowed = [...tenant.models].join(', ');
  throw new GatewayError('model-not-allowed', `Tenant "${tenant.name}" may not use "${model.slice(0, 100)}". Ask for one of: ${allowed}.`, {
    field: 'model',
  });
}
