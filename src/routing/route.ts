import { GatewayError } from '../errors.ts';
import type { Deployment, Model } from './deployment.ts';

/** Most deployments a chain may have; Envoy makes one attempt at each. */
export const maxChainLength = 8;

/** Orders the deployments to try for a model: its targets, the first one drawn by weight, then those of its fallback models. `random` yields numbers from 0 up to 1. */
export function route(name: string, models: ReadonlyMap<string, Model>, random: () => number): Deployment[] {
  const model = models.get(name);
  if (model === undefined) throw new GatewayError('model-not-found', unknownModel(name, models), { field: 'model' });
  const chain: Deployment[] = [];
  for (const tried of [model, ...fallbacks(model, models)]) {
    for (const deployment of drawAll(tried.targets, random)) {
      if (!chain.some((earlier) => isSame(earlier, deployment))) chain.push(deployment);
    }
  }
  return chain.slice(0, maxChainLength);
}

/** The models tried after this one: its fallback list, each followed by its own, none twice. */
function fallbacks(model: Model, models: ReadonlyMap<string, Model>, seen = new Set([model.name])): Model[] {
  return model.fallback.flatMap((name) => {
    const next = models.get(name);
    if (next === undefined || seen.has(name)) return [];
    seen.add(name);
    return [next, ...fallbacks(next, models, seen)];
  });
}

/** All targets of some weight in random order, each drawn by its share of the weight that is left. */
function drawAll(targets: Model['targets'], random: () => number): Deployment[] {
  const left = targets.filter(({ weight }) => weight > 0);
  const drawn: Deployment[] = [];
  while (left.length > 0) {
    let point = random() * left.reduce((sum, { weight }) => sum + weight, 0);
    const index = left.findIndex(({ weight }) => (point -= weight) < 0);
    drawn.push(...left.splice(index === -1 ? left.length - 1 : index, 1).map(({ deployment }) => deployment));
  }
  return drawn;
}

const isSame = (a: Deployment, b: Deployment): boolean => a.endpoint === b.endpoint && a.model === b.model;

function unknownModel(name: string, models: ReadonlyMap<string, Model>): string {
  const known = [...models.keys()].slice(0, 20).join(', ');
  return `There is no model "${name.slice(0, 100)}". Ask for one of: ${known}.`;
}
