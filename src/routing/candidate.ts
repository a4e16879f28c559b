import { deploymentId, type Deployment } from './deployment.ts';

/**
 * Why a deployment is not tried. Of the request and who asks: `not-allowed` (the model is not on the tenant's list), `cut` (a rule), `residency`, `operation` (it has no such endpoint),
 * `kept-elsewhere` (another keeps what the request refers to), `context-length` and `capability` (it cannot do it), `incomplete` (strict).
 * Of the moment: `resting` (it fails or is set aside), `busy` (as much is under way there as may be).
 */
export type SkipKind =
  | 'not-allowed'
  | 'cut'
  | 'residency'
  | 'operation'
  | 'kept-elsewhere'
  | 'context-length'
  | 'capability'
  | 'incomplete'
  | 'resting'
  | 'busy';

/** A deployment that is not tried, and why. */
export interface Skipped {
  /** Its id, with the account. */
  deployment: string;
  kind: SkipKind;
  /** The reason in words; empty where the kind says it all. */
  detail: string;
  /** When it may be tried again, in milliseconds since 1970, where that is known. */
  untilMs?: number;
}

/** Says why a deployment is not tried; undefined where it may be. */
export type Bar = (deployment: Deployment) => Omit<Skipped, 'deployment'> | undefined;

/** Parts deployments that may be tried from those that may not, which `skipped` takes. */
export function allowed(deployments: readonly Deployment[], bar: Bar, skipped: Skipped[]): Deployment[] {
  return deployments.filter((deployment) => {
    const reason = bar(deployment);
    if (reason !== undefined) skipped.push({ deployment: deploymentId(deployment), ...reason });
    return reason === undefined;
  });
}
