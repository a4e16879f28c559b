import { GatewayError } from '../errors.ts';
import { warningHeader } from '../llm/warning.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Seal } from '../protocols/seal.ts';
import { apisOf } from './choose-api.ts';
import { deploymentName, type Deployment } from './deployment.ts';
import { writeRequest } from './prepare-attempt.ts';

export interface Demands {
  /** The endpoint that keeps what the request refers to; undefined where it refers to nothing. */
  keeper: string | undefined;
  /** Whether a deployment must be given all of the request. */
  isStrict: boolean;
  seal: Seal;
}

/**
 * Those of a chain that can serve a request at all; none where no deployment has an endpoint of its kind.
 * Throws `stored-not-found` where the one that keeps what it refers to is not among them, `not-carried` where it is strict and each would lack something.
 */
export function eligible(request: ClientRequest, chain: readonly Deployment[], { keeper, isStrict, seal }: Demands): Deployment[] {
  const able = chain.filter((deployment) => apisOf(deployment, request.protocol.operation).length > 0);
  const possible = keeper === undefined ? able : keptBy(keeper, able);
  return isStrict ? carriers(request, possible, seal) : possible;
}

function keptBy(keeper: string, chain: readonly Deployment[]): Deployment[] {
  const found = chain.filter(({ endpoint }) => endpoint.name === keeper);
  if (found.length > 0) return found;
  throw new GatewayError(
    'stored-not-found',
    'What this request refers to is kept by a provider that this model does not lead to. Ask for the model that made it.',
  );
}

function carriers(request: ClientRequest, chain: readonly Deployment[], seal: Seal): Deployment[] {
  const written = chain.map((deployment) => ({ deployment, ...writeRequest(request, deployment, seal) }));
  const whole = written.filter(({ warnings }) => warnings.length === 0).map(({ deployment }) => deployment);
  const [first] = written;
  if (whole.length > 0 || first === undefined) return whole;
  const [warning] = first.warnings;
  throw new GatewayError(
    'not-carried',
    `No deployment of this model can be given the whole request, and it is strict. ${deploymentName(first.deployment)} would lack: ${warningHeader(first.warnings)}.`,
    warning === undefined ? {} : { field: warning.field },
  );
}
