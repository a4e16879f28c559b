import type { RequestFeatures } from '../features.ts';
import { brevity, codeWords, hardSigns, lookUp, smallTalk, sumInWords, textWork, type Sign } from './lexicon.ts';
import { readTask, type TaskText } from './task-text.ts';

/** What of a request tells how hard its task is. */
export type TaskFeatures = Pick<
  RequestFeatures,
  'inputTokens' | 'messages' | 'hasImages' | 'hasDocuments' | 'hasTools' | 'hasJsonSchema' | 'hasReasoning' | 'task'
>;

/** One reason for a score. */
export interface TaskReason {
  feature: string;
  /** What it adds to the score; negative where it speaks for simple work. */
  points: number;
}

/** How hard a task is. */
export interface TaskScore {
  /** From 0, simple, to 1, hard: the sum of the points, kept within these. */
  score: number;
  reasons: readonly TaskReason[];
}

/** What a task has of which nothing is known, in hundredths. */
const startingPoints = 30;

/** Scores a task by what can be seen of it: the request's form, the task's text, and its words. Takes time linear in the task's length. */
export function scoreTask(features: TaskFeatures): TaskScore {
  const text = readTask(features.task);
  const found = [{ feature: 'start', points: startingPoints }, ...byForm(features), ...byText(text), ...byWords(text)];
  const sum = found.reduce((total, { points }) => total + points, 0);
  return {
    score: Math.min(Math.max(sum, 0), 100) / 100,
    reasons: found.map(({ feature, points }) => ({ feature, points: points / 100 })),
  };
}

/** Points by the first step that a number reaches. */
const step = (feature: string, value: number, steps: readonly (readonly [from: number, points: number])[]): TaskReason[] => {
  const reached = steps.find(([from]) => value >= from);
  return reached === undefined ? [] : [{ feature, points: reached[1] }];
};

const flag = (feature: string, isSo: boolean, points: number): TaskReason[] => (isSo ? [{ feature, points }] : []);

const given = ({ feature, points }: Sign, isSo: boolean): TaskReason[] => flag(feature, isSo, points);

const byForm = (features: TaskFeatures): TaskReason[] => [
  ...step('input tokens', features.inputTokens, [
    [64_000, 15],
    [16_000, 10],
    [4000, 5],
  ]),
  ...step('messages', features.messages, [
    [20, 10],
    [8, 5],
  ]),
  ...flag('tools', features.hasTools, 15),
  ...flag('JSON schema', features.hasJsonSchema, 5),
  ...flag('images', features.hasImages, 10),
  ...flag('documents', features.hasDocuments, 10),
  ...flag('asks the model to reason', features.hasReasoning, 25),
];

const byText = ({ chars, questions, listItems, hasCode, hasFormula, instructions }: TaskText): TaskReason[] => [
  ...step('length of the task', chars, [
    [2500, 10],
    [600, 5],
  ]),
  ...step('parts', Math.max(questions, listItems), [
    [4, 20],
    [2, 10],
  ]),
  ...flag('code', hasCode || has(instructions, { words: codeWords }), 15),
  ...flag('formula', hasFormula, 15),
];

function byWords({ numbers, hasCode, instructions, lastLine }: TaskText): TaskReason[] {
  const hard = hardSigns.filter((sign) => has(instructions, sign));
  const isTextWork = !hasCode && (beginsWithTextWork(instructions) || beginsWithTextWork(lastLine));
  const isPlain = hard.length === 0; // "Hello! What is the probability of …" is no small talk, and nothing to look up
  return [
    ...given(textWork, isTextWork),
    ...given(lookUp, isPlain && firstOf(instructions, lookUp) < openingChars),
    ...given(smallTalk, isPlain && has(instructions, smallTalk)),
    ...given(brevity, has(instructions, brevity)),
    ...given(sumInWords, !isTextWork && numbers >= 3 && has(instructions, sumInWords)),
    // What surrounds a word of work on a text is mostly that text, and its words are its author's.
    ...hard.map(({ feature, points }) => ({ feature, points: isTextWork ? points / 4 : points })),
  ];
}

/** Where a task begins, in characters: what is asked after more has to be worked out rather than looked up. */
const openingChars = 30;

/** Whether a word of work on a text stands before any that makes a task hard. */
function beginsWithTextWork(text: string): boolean {
  const at = firstOf(text, textWork);
  return at !== Infinity && hardSigns.every((hard) => firstOf(text, hard) > at);
}

const has = (text: string, { words }: Pick<Sign, 'words'>): boolean => words.some((word) => text.includes(word));

/** Where the first of a sign's words stands; `Infinity` where none does. */
const firstOf = (text: string, { words }: Sign): number => Math.min(...words.map((word) => text.indexOf(word)).filter((at) => at !== -1));
