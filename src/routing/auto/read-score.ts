import type { Classifier } from '../deployment.ts';

/**
 * The score, 0 to 1, in a classifier's answer; undefined where it is in none of the forms. A plain service answers `{"score": 0.8}` or `{"label": "hard"}`,
 * a model one of these or the bare word, as the content of its message.
 */
export function readScore({ model }: Pick<Classifier, 'model'>, body: string): number | undefined {
  const answer = parse(body);
  if (model === undefined) return scoreIn(answer);
  const content = contentOf(answer)?.trim();
  if (content === undefined) return undefined;
  return scoreOf(content.replace(/^["']|["'.]{1,2}$/g, '')) ?? scoreIn(parse(content));
}

function scoreIn(answer: unknown): number | undefined {
  if (!isObject(answer)) return undefined;
  const { score, label } = answer;
  if (typeof score === 'number') return score >= 0 && score <= 1 ? score : undefined;
  return typeof label === 'string' ? scoreOf(label) : undefined;
}

const scoreOf = (label: string): number | undefined => scores.get(label.toLowerCase());
const scores = new Map([
  ['simple', 0],
  ['hard', 1],
]);

/** The text that a chat completion holds. */
function contentOf(answer: unknown): string | undefined {
  const choices = isObject(answer) ? answer['choices'] : undefined;
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isObject(choice) ? choice['message'] : undefined;
  const content = isObject(message) ? message['content'] : undefined;
  return typeof content === 'string' ? content : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
