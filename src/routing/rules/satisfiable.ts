import { rangeOf, type Formula, type TextsOf } from './formula.ts';

/** A formula that shall be true, or false. */
export interface Goal {
  formula: Formula;
  wanted: boolean;
}

/** What a search may still cost, in steps; shared by many searches. */
export interface Effort {
  steps: number;
}

/**
 * Whether some request makes all goals come true. Where that takes more than the effort that is left, the answer is yes:
 * no means that it was proved.
 */
export function isSatisfiable(goals: readonly Goal[], textsOf: TextsOf, effort: Effort): boolean {
  const known: Known = { texts: new Map(), ranges: new Map(), truths: new Map() };
  return search(goals, [], known, { textsOf, effort });
}

/** What has been found of the subjects; never changed, but replaced. */
interface Known {
  texts: ReadonlyMap<string, Texts>;
  ranges: ReadonlyMap<string, { min: number; max: number }>;
  truths: ReadonlyMap<string, boolean>;
}

/** What a text can still be: one of `allowed`, where that is known, and none of `excluded`. */
interface Texts {
  allowed: ReadonlySet<string> | undefined;
  excluded: ReadonlySet<string>;
}

interface Context {
  textsOf: TextsOf;
  effort: Effort;
}

/** Takes what is certain from the goals first, then tries one choice after the other. */
function search(goals: readonly Goal[], earlierChoices: readonly Goal[][], known: Known, context: Context): boolean {
  const left = [...goals];
  const choices = [...earlierChoices];
  let found = known;
  for (let goal = left.pop(); goal !== undefined; goal = left.pop()) {
    context.effort.steps -= 1;
    if (context.effort.steps < 0) return true;
    const taken = take(goal, found, context);
    if (taken === undefined) return false;
    found = taken.known;
    left.push(...taken.goals);
    if (taken.choice !== undefined) choices.push(taken.choice);
  }
  const choice = choices.pop();
  return choice === undefined || choice.some((goal) => search([goal], choices, found, context));
}

/** What follows from a goal: facts, further goals, or a choice between goals. Undefined where it contradicts what is known. */
interface Taken {
  known: Known;
  goals: readonly Goal[];
  choice?: Goal[] | undefined;
}

function take({ formula, wanted }: Goal, known: Known, { textsOf }: Context): Taken | undefined {
  switch (formula.kind) {
    case 'constant':
      return formula.value === wanted ? { known, goals: [] } : undefined;
    case 'not':
      return { known, goals: [{ formula: formula.part, wanted: !wanted }] };
    case 'all':
    case 'any': {
      const parts = formula.parts.map((part) => ({ formula: part, wanted }));
      return (formula.kind === 'all') === wanted ? { known, goals: parts } : { known, goals: [], choice: parts };
    }
    case 'text': {
      const texts = narrowedTexts(formula, wanted, known.texts.get(formula.subject), textsOf);
      return texts && { known: { ...known, texts: withEntry(known.texts, formula.subject, texts) }, goals: [] };
    }
    case 'whole': {
      if (!wanted) return { known, goals: [], choice: outside(formula) };
      const range = narrowedRange(formula, known);
      return range && { known: { ...known, ranges: withEntry(known.ranges, formula.subject, range) }, goals: [] };
    }
    case 'other': {
      const truth = known.truths.get(formula.subject) ?? wanted;
      return truth === wanted ? { known: { ...known, truths: withEntry(known.truths, formula.subject, wanted) }, goals: [] } : undefined;
    }
  }
}

const withEntry = <Value>(map: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> => new Map(map).set(key, value);

/** Undefined where nothing is left that the text could be. */
function narrowedTexts(
  { subject, values }: Formula & { kind: 'text' },
  wanted: boolean,
  before: Texts | undefined,
  textsOf: TextsOf,
): Texts | undefined {
  const { allowed, excluded } = before ?? { allowed: textsOf(subject), excluded: new Set<string>() };
  const now: Texts = wanted
    ? { allowed: allowed === undefined ? values : allowed.intersection(values), excluded }
    : { allowed, excluded: excluded.union(values) };
  return now.allowed !== undefined && now.allowed.isSubsetOf(now.excluded) ? undefined : now;
}

/** Undefined where nothing is left that the number could be. */
function narrowedRange({ subject, min, max }: Formula & { kind: 'whole' }, { ranges }: Known): { min: number; max: number } | undefined {
  const before = ranges.get(subject) ?? rangeOf(subject);
  const now = { min: Math.max(before.min, min), max: Math.min(before.max, max) };
  return now.min <= now.max ? now : undefined;
}

/** Below or above. */
const outside = ({ subject, min, max }: Formula & { kind: 'whole' }): Goal[] => [
  ...(min === -Infinity ? [] : [{ formula: { kind: 'whole', subject, min: -Infinity, max: min - 1 } as const, wanted: true }]),
  ...(max === Infinity ? [] : [{ formula: { kind: 'whole', subject, min: max + 1, max: Infinity } as const, wanted: true }]),
];
