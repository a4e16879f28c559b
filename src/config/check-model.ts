import { maxChainLength } from '../routing/chain.ts';
import type { Declared } from './declared.ts';
import { checkModelNames, checkTwice, unknownName } from './check-names.ts';
import type { Finding, Path } from './problem.ts';
import type { PartialModel } from './schema.ts';

/** What is wrong with models beyond single fields: names that lead nowhere, loops, chains that are too long. */
export function checkModels(declared: Declared): Finding[] {
  return [...[...declared.models].flatMap(([name, model]) => checkModel(name, model, declared)), ...checkLoops(declared.models)];
}

function checkModel(name: string, model: PartialModel, declared: Declared): Finding[] {
  const path = ['models', name];
  return [
    ...checkChoice(path, declared),
    ...checkTargets([...path, 'targets'], model.targets ?? [], declared),
    ...checkFallback([...path, 'fallback'], model.fallback ?? [], declared),
    ...Object.entries(model.fallbackFor ?? {}).flatMap(([kind, names]) => checkFallback([...path, 'fallbackFor', kind], names ?? [], declared)),
    ...ledTo(model).flatMap(({ name: other, at }) => checkModelName([...path, ...at], other, declared)),
    ...checkMirror([...path, 'mirror'], model, declared),
    ...checkVariants([...path, 'experiment', 'variants'], model),
    ...checkLength(path, name, declared),
  ];
}

/** A model has targets, or it chooses another model. */
function checkChoice(path: Path, { written }: Declared): Finding[] {
  // What is wrong in itself stands there all the same.
  const [first, ...more] = ['targets', 'auto', 'experiment'].filter((field) => written([...path, field]) !== 'undefined');
  if (first === undefined) return [{ path: [...path, 'targets'], message: 'is missing; add it: deployments that answer the model' }];
  return more.map((field) => ({ path: [...path, field], message: `does not go with ${first}; keep one of them` }));
}

type Target = NonNullable<PartialModel['targets']>[number];

function checkTargets(path: Path, targets: readonly Target[], { providerNames, written }: Declared): Finding[] {
  const findings: Finding[] = targets.flatMap(({ provider }, index) => {
    const at = [...path, index, 'provider'];
    return provider === undefined || providerNames.has(provider) ? [] : [{ path: at, message: unknownName('provider', written(at), providerNames) }];
  });
  if (targets.length > 0 && targets.every(({ weight }) => weight === 0))
    findings.push({ path, message: 'have a weight of 0 each; give one of them more' });
  return [...findings, ...checkTwice(path, targets.map(deploymentOf), 'the same provider and model; keep one, with the weights added')];
}

const deploymentOf = ({ provider, model }: Target): string | undefined =>
  provider === undefined || model === undefined ? undefined : `${provider}/${model}`;

/** Models that are fallen back to must have targets of their own: which one they choose would be another question. */
function checkFallback(path: Path, names: readonly string[], declared: Declared): Finding[] {
  return [...checkModelNames(path, names, declared), ...checkHaveTargets(path, names, declared)];
}

/** Models of a list that choose another one, where none may. */
export const checkHaveTargets = (path: Path, names: readonly string[], { models }: Pick<Declared, 'models'>): Finding[] =>
  names.flatMap((name, index) => {
    const { auto, experiment } = models.get(name) ?? {};
    const chooses = auto !== undefined || experiment !== undefined;
    return chooses ? [{ path: [...path, index], message: 'chooses another model itself; name one that has targets' }] : [];
  });

/** The models that one chooses among, and where it names them. */
const ledTo = ({ auto, experiment }: PartialModel): { name: string; at: Path }[] => [
  ...(auto === undefined ? [] : (['simple', 'hard'] as const).map((field) => ({ name: auto[field], at: ['auto', field] }))),
  ...(experiment?.variants ?? []).map(({ model }, index) => ({ name: model, at: ['experiment', 'variants', index, 'model'] })),
];

function checkModelName(path: Path, name: string, { modelNames, written }: Declared): Finding[] {
  return modelNames.has(name) ? [] : [{ path, message: unknownName('model', written(path), modelNames) }];
}

function checkMirror(path: Path, { mirror }: PartialModel, declared: Declared): Finding[] {
  if (mirror === undefined) return [];
  const tenants = new Set(declared.tenants.keys());
  return [
    ...checkModelName([...path, 'model'], mirror.model, declared),
    ...checkHaveTargets(path, [mirror.model], declared).map((finding) => ({ ...finding, path: [...path, 'model'] })),
    ...(tenants.has(mirror.tenant) ? [] : [{ path: [...path, 'tenant'], message: unknownName('tenant', mirror.tenant, tenants) }]),
  ];
}

function checkVariants(path: Path, { experiment }: PartialModel): Finding[] {
  if (experiment === undefined) return [];
  const names = experiment.variants.map(({ name }) => name);
  const idle = experiment.variants.every(({ weight }) => weight === 0);
  return [
    ...checkTwice(path, names, 'a name that an earlier variant has; give each its own', 'name'),
    ...(idle ? [{ path, message: 'have a weight of 0 each; give one of them more' }] : []),
  ];
}

/** Every deployment that a request for a model may be tried at: those of its targets, then of its fallbacks and theirs. */
function checkLength(path: Path, name: string, { models }: Declared): Finding[] {
  const tried = [...fallbacksOf([name], models)].map((each) => models.get(each)?.targets ?? []);
  const { size } = new Set(tried.flatMap((targets) => targets.filter(({ weight = 1 }) => weight > 0).map(deploymentOf)));
  if (size <= maxChainLength) return [];
  return [{ path, message: `leads to ${size} deployments, its fallbacks included, and Envoy tries ${maxChainLength} at most; take some out` }];
}

type Links = Pick<PartialModel, 'fallback' | 'fallbackFor' | 'auto' | 'experiment'>;

/** Models and all that they fall back to. */
function fallbacksOf(names: Iterable<string>, models: ReadonlyMap<string, Links>): Set<string> {
  const reached = new Set(names);
  // A set may grow while it is walked: what is added is walked too.
  for (const name of reached) for (const next of models.get(name)?.fallback ?? []) reached.add(next);
  return reached;
}

/** The models that requests for some models may come to, themselves included. */
export function reachable(names: Iterable<string>, models: ReadonlyMap<string, Links>): Set<string> {
  const reached = new Set(names);
  for (const name of reached) for (const next of nextOf(models.get(name) ?? {})) reached.add(next);
  return reached;
}

const nextOf = (model: Links): string[] => [
  ...(model.fallback ?? []),
  ...Object.values(model.fallbackFor ?? {}).flatMap((names) => names ?? []),
  ...ledTo(model).map(({ name }) => name),
];

/** One finding for each name that leads back to its own model, at the place that closes the loop. */
function checkLoops(models: ReadonlyMap<string, PartialModel>): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const walk = (name: string, trail: readonly string[]): void => {
    if (done.has(name)) return;
    const model = models.get(name) ?? {};
    const steps = [...(model.fallback ?? []).map((next, index) => ({ name: next, at: ['fallback', index] as Path })), ...ledTo(model)];
    for (const { name: next, at } of steps) {
      const here = [...trail, name];
      const start = here.indexOf(next);
      if (start === -1) walk(next, here);
      else {
        const how = at[0] === 'fallback' ? 'falls back' : 'leads';
        findings.push({ path: ['models', name, ...at], message: `${how} in a loop: ${[...here.slice(start), next].join(' → ')}; take it out` });
      }
    }
    done.add(name);
  };
  for (const name of models.keys()) walk(name, []);
  return findings;
}
