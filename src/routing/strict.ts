import { GatewayError } from '../errors.ts';
import { JsonFieldError } from '../framing/json.ts';
import { warningHeader } from '../llm/warning.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Seal } from '../protocols/seal.ts';
import type { Skipped } from './candidate.ts';
import { deploymentId, deploymentName, type Deployment } from './deployment.ts';
import { writeRequest } from './prepare-attempt.ts';

/** A request that a provider must be given all of. */
export interface StrictRequest {
  request: ClientRequest;
  /** The client's own. */
  headers: ReadonlyMap<string, string>;
  seal: Seal;
}

/** Whether a deployment can be given all of a request. */
export function carriesAll({ request, headers, seal }: StrictRequest, deployment: Deployment): boolean {
  try {
    return writeRequest(request, deployment, seal, headers).warnings.length === 0;
  } catch (error) {
    if (error instanceof JsonFieldError || error instanceof GatewayError) return false;
    throw error;
  }
}

/** Those of a chain that can be given all of a request; `skipped` takes the others. Throws `not-carried` where each would lack something. */
export function carriers({ request, headers, seal }: StrictRequest, chain: readonly Deployment[], skipped: Skipped[]): Deployment[] {
  const written = chain.map((deployment) => ({ deployment, ...writeRequest(request, deployment, seal, headers) }));
  const whole = written.filter(({ warnings }) => warnings.length === 0).map(({ deployment }) => deployment);
  const [first] = written;
  if (whole.length > 0 || first === undefined) {
    const lacking = written.filter(({ warnings }) => warnings.length > 0);
    skipped.push(
      ...lacking.map(({ deployment, warnings }) => ({
        deployment: deploymentId(deployment),
        kind: 'incomplete' as const,
        detail: warningHeader(warnings),
      })),
    );
    return whole;
  }
  const [warning] = first.warnings;
  throw new GatewayError(
    'not-carried',
    `No deployment of this model can be given the whole request, and it is strict. ${deploymentName(first.deployment)} would lack: ${warningHeader(first.warnings)}.`,
    warning === undefined ? {} : { field: warning.field },
  );
}
