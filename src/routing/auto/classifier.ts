import type { Classifier } from '../deployment.ts';
import { createClassifierLoad, type ClassifierLoad } from './classifier-load.ts';
import { writeQuestion, type TaskQuestion } from './question.ts';
import { readScore } from './read-score.ts';

/** Why a classifier has not said how hard a task is. `busy`, `resting` and `not-permitted`: it was not asked, the last since the task may not go there; `cancelled`: the client went away. */
export type ClassifierFailure = 'timeout' | 'unreachable' | 'status' | 'unreadable' | 'busy' | 'resting' | 'not-permitted' | 'cancelled';

/** What a classifier says of a task: its score, 0 to 1. */
export type ClassifierAnswer = { score: number } | { failure: ClassifierFailure };

/** Asks a classifier how hard a task is. Never rejects, and takes no longer than the classifier's `timeoutMs`. */
export type AskClassifier = (classifier: Classifier, question: TaskQuestion, signal?: AbortSignal) => Promise<ClassifierAnswer>;

type Fetch = typeof globalThis.fetch;

/**
 * Makes what asks classifiers. One that fails again and again is left alone for a while, and none is asked more at once than it can answer:
 * so no request waits for a dead one. What is kept of each lives as long as its place in the config.
 */
export function createTaskClassifier({ fetch, now }: { fetch: Fetch; now: () => number }): AskClassifier {
  const loads = new WeakMap<Classifier, ClassifierLoad>();
  return async (classifier, question, signal) => {
    const load = loads.get(classifier) ?? createClassifierLoad();
    loads.set(classifier, load);
    const admitted = load.admit(now());
    if (admitted !== 'admitted') return { failure: admitted };
    const answer = await askInTime(classifier.timeoutMs, signal, (ended) => ask(classifier, question, fetch, ended));
    load.ended('score' in answer ? true : answer.failure === 'cancelled' ? undefined : false, now());
    return answer;
  };
}

/** The answer of `call`, or a failure as soon as its time is over or the client has gone; then, or when it is done, `ended` aborts. */
async function askInTime(
  timeoutMs: number,
  left: AbortSignal | undefined,
  call: (ended: AbortSignal) => Promise<ClassifierAnswer>,
): Promise<ClassifierAnswer> {
  const { promise, resolve } = Promise.withResolvers<ClassifierAnswer>();
  const controller = new AbortController();
  const timer = setTimeout(() => resolve({ failure: 'timeout' }), timeoutMs);
  const onLeft = (): void => resolve({ failure: 'cancelled' });
  left?.addEventListener('abort', onLeft);
  if (left?.aborted === true) onLeft();
  call(controller.signal).then(resolve, () => resolve({ failure: 'unreachable' }));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    left?.removeEventListener('abort', onLeft);
    controller.abort(); // also ends an answer that nobody reads on
  }
}

async function ask(classifier: Classifier, question: TaskQuestion, fetch: Fetch, signal: AbortSignal): Promise<ClassifierAnswer> {
  const { apiKey } = classifier;
  const headers = { 'content-type': 'application/json', ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) };
  const body = writeQuestion(classifier, question);
  const response = await fetch(addressOf(classifier), { method: 'POST', redirect: 'error', headers, body, signal }); // a redirect could take the key elsewhere
  if (!response.ok) return { failure: 'status' };
  const answer = await readBounded(response);
  const score = answer === undefined ? undefined : readScore(classifier, answer);
  return score === undefined ? { failure: 'unreadable' } : { score };
}

/** A model is asked below its base URL, a plain service at its address. */
function addressOf({ url, model }: Classifier): URL {
  const address = new URL(url);
  if (model !== undefined) address.pathname = `${address.pathname.replace(/\/$/, '')}/chat/completions`;
  return address;
}

/** Most bytes of an answer that are read. */
const maxAnswerBytes = 64 * 1024;

/** The text of an answer; undefined where it is longer than anything that a classifier has to say. */
async function readBounded({ body }: Response): Promise<string | undefined> {
  if (body === null) return '';
  const stream: AsyncIterable<Uint8Array> = body;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
