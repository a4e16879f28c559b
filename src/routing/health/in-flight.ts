import { deploymentId, type Deployment } from '../deployment.ts';

/** Counts the attempts under way. What has none takes no memory. */
export interface InFlight {
  began(deployment: Deployment): void;
  /** Changes nothing where none is under way. */
  ended(deployment: Deployment): void;
  /** At a deployment, by its id. */
  atDeployment(id: string): number;
  /** At all accounts of a provider, by its name. */
  atProvider(name: string): number;
  inTotal(): number;
}

/** A count of nothing yet. */
export function createInFlight(): InFlight {
  const deployments = new Map<string, number>();
  const providers = new Map<string, number>();
  let total = 0;
  return {
    began(deployment) {
      add(deployments, deploymentId(deployment), 1);
      add(providers, deployment.endpoint.name, 1);
      total += 1;
    },
    ended(deployment) {
      if (!deployments.has(deploymentId(deployment))) return;
      add(deployments, deploymentId(deployment), -1);
      add(providers, deployment.endpoint.name, -1);
      total -= 1;
    },
    atDeployment: (id) => deployments.get(id) ?? 0,
    atProvider: (name) => providers.get(name) ?? 0,
    inTotal: () => total,
  };
}

function add(counts: Map<string, number>, name: string, difference: number): void {
  const count = (counts.get(name) ?? 0) + difference;
  if (count === 0) counts.delete(name);
  else counts.set(name, count);
}
