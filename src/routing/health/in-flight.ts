import { deploymentId, type Deployment } from '../deployment.ts';

/** Counts the attempts under way. What has none takes no memory. */
export interface InFlight {
  began(deployment: Deployment): void;
  /** Changes nothing where none is under way. */
  ended(deployment: Deployment): void;
  /** At a deployment, by its id. */
  at(id: string): number;
}

/** A count of nothing yet. */
export function createInFlight(): InFlight {
  const counts = new Map<string, number>();
  return {
    began(deployment) {
      const id = deploymentId(deployment);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    },
    ended(deployment) {
      const id = deploymentId(deployment);
      const left = (counts.get(id) ?? 0) - 1;
      if (left > 0) counts.set(id, left);
      else counts.delete(id);
    },
    at: (id) => counts.get(id) ?? 0,
  };
}
