import type { Auto } from '../deployment.ts';
import type { RequestFeatures } from '../features.ts';
import type { AskClassifier, ClassifierFailure } from './classifier.ts';
import { scoreTask, type TaskFeatures, type TaskReason } from './score.ts';

/** Header by which a client says how hard its task is: `simple` or `hard`. */
export const taskHintHeader = 'x-remora-task';

/** The model that an `auto` model stands for in a request, and why. */
export interface TaskChoice {
  /** Its name. */
  model: string;
  /** How hard the task is, 0 to 1. */
  score: number;
  by: 'hint' | 'features' | 'classifier';
  /** What the score is made of; a classifier's has none. */
  reasons: readonly TaskReason[];
  /** Why the features decide although there is a classifier; undefined where there is none, or it has decided. */
  classifierFailure: ClassifierFailure | undefined;
}

type Features = TaskFeatures & Pick<RequestFeatures, 'metadata'>;

/** Chooses by what the client says of its task, in the header of that name or as `task` of its metadata; else by the request's features. */
export function chooseByFeatures(auto: Auto, features: Features, hint: string | undefined): TaskChoice {
  const hinted = hintedScore(hint) ?? hintedScore(features.metadata['task']);
  if (hinted !== undefined) return choice(auto, { score: hinted, by: 'hint' });
  return choice(auto, { ...scoreTask(features), by: 'features' });
}

/** Chooses as `chooseByFeatures`, but has the classifier's word instead of the features' where there is one and it answers in time. */
export async function chooseByTask(
  auto: Auto,
  features: Features,
  hint: string | undefined,
  asking: { classify: AskClassifier; signal?: AbortSignal } | undefined,
): Promise<TaskChoice> {
  const usual = chooseByFeatures(auto, features, hint);
  if (usual.by === 'hint' || auto.classifier === undefined || asking === undefined) return usual;
  const verdict = await asking.classify(auto.classifier, { features, score: usual.score }, asking.signal);
  return 'score' in verdict ? choice(auto, { score: verdict.score, by: 'classifier' }) : { ...usual, classifierFailure: verdict.failure };
}

const choice = (auto: Auto, { score, by, reasons = [] }: Pick<TaskChoice, 'score' | 'by'> & Partial<TaskChoice>): TaskChoice => {
  const isHard = by === 'hint' ? score === 1 : score >= auto.threshold;
  return { model: isHard ? auto.hard : auto.simple, score, by, reasons, classifierFailure: undefined };
};

const hintedScore = (hint: string | undefined): number | undefined => hintedScores.get(hint?.trim().toLowerCase() ?? '');
const hintedScores = new Map([
  ['simple', 0],
  ['hard', 1],
]);
