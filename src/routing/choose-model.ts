import { GatewayError } from '../errors.ts';
import { callerKey } from './caller-key.ts';
import type { AskClassifier } from './auto/classifier.ts';
import { chooseByTask, type TaskChoice } from './auto/choose.ts';
import type { Auto, Experiment, Model } from './deployment.ts';
import { assignVariant } from './experiment.ts';
import type { RequestFeatures } from './features.ts';

/** The model that serves a request, and how it was come to. */
export interface ModelChoice {
  /** Has targets. */
  model: Model;
  /** The models tried after it, in order, none twice. */
  fallback: Model[];
  /** The experiments that the request takes part in. */
  experiments: { name: string; variant: string }[];
  /** How hard the task was found, where an `auto` model asked. */
  task: TaskChoice | undefined;
}

/** What a rule says about the model. */
export interface ModelRule {
  use: string | undefined;
  fallback: readonly string[];
}

export interface ChooseParts {
  models: ReadonlyMap<string, Model>;
  rule: ModelRule | undefined;
  features: RequestFeatures;
  /** Name of the tenant. */
  tenant: string;
  /** The client's own word on how hard the task is. */
  hint: string | undefined;
  classify: AskClassifier | undefined;
  signal: AbortSignal;
}

/** From the name that the client asks for to a model that has targets: through the rule that applies, experiments and `auto` models. Throws `model-not-found`. */
export async function chooseModel(name: string, parts: ChooseParts): Promise<ModelChoice> {
  const { models, rule } = parts;
  const asked = models.get(name);
  if (asked === undefined) throw new GatewayError('model-not-found', unknownModel(name, models), { field: 'model' });
  const experiments: ModelChoice['experiments'] = [];
  let task: TaskChoice | undefined;
  const way: Model[] = [];
  let model = rule?.use === undefined ? asked : declared(models, rule.use);
  while (model.targets.length === 0 && !way.includes(model)) {
    way.unshift(model);
    const variant = variantOf(model.experiment, parts);
    if (model.experiment !== undefined && variant !== undefined) experiments.push({ name: model.experiment.name, variant: variant.name });
    task = model.auto === undefined ? task : await chooseTask(model.auto, parts);
    model = declared(models, variant?.model ?? task?.model ?? '');
  }
  const named = [...(rule?.fallback ?? []), ...model.fallback, ...way.flatMap(({ fallback }) => fallback)];
  return { model, fallback: fallbacks(named, models, model), experiments, task };
}

const variantOf = (experiment: Experiment | undefined, { tenant, features }: ChooseParts): Experiment['variants'][number] | undefined =>
  experiment && assignVariant(experiment, callerKey(experiment.by, tenant, features));

const chooseTask = (auto: Auto, { features, hint, classify, signal }: ChooseParts): Promise<TaskChoice> =>
  chooseByTask(auto, features, hint, classify && { classify, signal });

/** Models by their names, each followed by what it falls back to itself; none twice, and not the one that they are tried after. */
export function fallbacks(names: readonly string[], models: ReadonlyMap<string, Model>, after: Model): Model[] {
  const seen = new Set([after.name]);
  const walk = (name: string): Model[] => {
    const model = models.get(name);
    if (model === undefined || seen.has(name)) return [];
    seen.add(name);
    return [model, ...model.fallback.flatMap(walk)];
  };
  return names.flatMap(walk);
}

function declared(models: ReadonlyMap<string, Model>, name: string): Model {
  const model = models.get(name);
  if (model === undefined) throw new Error(`"${name}" was not checked before the config was compiled`);
  return model;
}

function unknownModel(name: string, models: ReadonlyMap<string, Model>): string {
  const known = [...models.keys()].slice(0, 20).join(', ');
  return `There is no model "${name.slice(0, 100)}". Ask for one of: ${known}.`;
}
