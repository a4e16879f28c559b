import type { Hold as HeldMemory } from '../admission/body-memory.ts';
import { GatewayError } from '../errors.ts';
import { JsonFieldError } from '../framing/json.ts';
import { prepareAttempt, type Attempt } from '../routing/prepare-attempt.ts';
import { takeNotes, type AnswerNotes } from './answer-notes.ts';
import { CopyFailure } from './copy-failure.ts';
import type { MirrorJob } from './mirror-job.ts';
import { readAnswer } from './read-answer.ts';
import type { Send } from './send.ts';
import { unstored } from './unstored.ts';

/** How a copy went. */
export interface CopyCourse {
  end: 'complete' | 'failed' | 'refused' | 'cut' | 'left';
  failure: CopyFailure | undefined;
  /** HTTP status; 0 for none. */
  status: number;
  warnings: number;
  /** Bytes of the request that the provider was sent; 0 where it got none. */
  requestBytes: number;
  notes: AnswerNotes;
  /** Milliseconds since 1970. */
  startedAt: number;
  headersAt: number | undefined;
  endedAt: number;
}

export interface RunOptions {
  send: Send;
  /** What the copy holds of the memory for bodies. */
  memory: HeldMemory;
  /** Ends it, with a CopyFailure as its reason. */
  signal: AbortSignal;
  now: () => number;
}

/** Writes the copy of a request, sends it and reads its answer. Never rejects. */
export async function runCopy(job: MirrorJob, { send, memory, signal, now }: RunOptions): Promise<CopyCourse> {
  const startedAt = now();
  const course: Omit<CopyCourse, 'notes' | 'endedAt'> = {
    end: 'refused',
    failure: undefined,
    status: 0,
    warnings: 0,
    requestBytes: 0,
    startedAt,
    headersAt: undefined,
  };
  let taken = takeNotes({ answersByTool: false, now });
  try {
    const attempt = await unlessAborted(written(job), signal);
    taken = takeNotes({ answersByTool: attempt.answersByTool, now });
    course.warnings = attempt.warnings.length;
    memory.resize(job.request.bytes.length + attempt.body.length); // both are there until the copy is over
    const onSent = (): void => {
      course.requestBytes = attempt.body.length;
    };
    const { deployment } = job;
    const answer = await send({ endpoint: deployment.endpoint, ...attempt }, { signal, onSent });
    onSent(); // some answer before they have all
    course.status = answer.status;
    course.headersAt = now();
    await readAnswer(answer, { deployment, attempt, isStream: job.request.facts.stream, memory, observe: taken.observe });
    course.end = 'complete';
  } catch (cause) {
    course.failure = cause instanceof CopyFailure ? cause : new CopyFailure('internal', 'A bug in the gateway; the log has its stack.', { cause });
    course.end = endOf(course.failure, course.requestBytes);
  }
  return { ...course, notes: taken.notes, endedAt: now() };
}

async function written({ request, deployment, seal, call }: MirrorJob): Promise<Attempt> {
  try {
    return await prepareAttempt(unstored(request), deployment, { seal, call });
  } catch (cause) {
    if (cause instanceof JsonFieldError) throw new CopyFailure('not-written', `The request cannot be translated: ${cause.message}.`, { cause });
    if (!(cause instanceof GatewayError)) throw cause;
    throw new CopyFailure(cause.code === 'provider-credential' ? 'credential' : 'not-written', cause.message, { cause });
  }
}

/** What `work` gives, or the signal's reason as soon as it aborts: a credential may be waited for without end. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** As exchanges end: a provider's clean end before its answer was complete is a cut, a connection that was lost or given up has been left. */
function endOf({ kind }: CopyFailure, requestBytes: number): CopyCourse['end'] {
  if (requestBytes === 0) return 'refused';
  if (kind === 'cut') return 'cut';
  return kind === 'broken' || kind === 'closed' ? 'left' : 'failed';
}
