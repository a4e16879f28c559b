import type { Usage } from '../llm/usage.ts';
import type { FailedAttempt } from '../policies/policy.ts';
import { clusterOf, deploymentId, type Deployment } from '../routing/deployment.ts';
import type { AttemptOutcome } from '../routing/health/outcome.ts';
import type { Health, ToldByBody } from '../routing/health/health.ts';
import type { ExchangeTrace } from '../telemetry/exchange-trace.ts';
import type { Admittance } from './admit.ts';
import type { AttemptLog, Followed } from './attempt-log.ts';
import type { Headers } from './message.ts';

/** Who hears of the attempts of an exchange. */
export interface AttemptsParts {
  requestId: string;
  health: Health;
  admittance: Pick<Admittance, 'move'>;
  attemptLog: AttemptLog;
  trace: ExchangeTrace;
  /** Counts an attempt that is over. */
  count: (deployment: Deployment, outcome: AttemptOutcome) => void;
  /** Whether the answer came in full, as its protocol has it. */
  isComplete: () => boolean;
  /** Hears, once, of each attempt that failed and was followed by another. */
  onFailed: (attempt: FailedAttempt) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** An attempt that was made. */
export interface MadeAttempt {
  deployment: Deployment;
  /** Undefined as long as Envoy has not told. */
  outcome?: AttemptOutcome;
  /** Milliseconds since 1970. */
  startedAt: number;
}

/** The attempts of one exchange, and all who must hear of them: places, health, the trace, the counters. */
export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #made: MadeAttempt[] = [];
  #followed: Followed | undefined;
  #isStream = false;
  #firstTokenAt: number | undefined;
  #running: Deployment | undefined;
  #probe: Deployment | undefined;
  #isOver = false;
  #isTelling = true;

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
  }

  /** The attempt of this number, from 1; undefined where it was not made. */
  get(number: number): MadeAttempt | undefined {
    return this.#made[number - 1];
  }

  get count(): number {
    return this.#made.length;
  }

  /** The first attempt will try whether a deployment is back; nobody else does until it is over. */
  expect(probe: Deployment | undefined): void {
    if (this.#probe !== undefined && this.#probe !== probe) this.#parts.health.dropProbe(this.#probe);
    this.#probe = probe;
  }

  /**
   * An attempt is written; the one before it is over. False where it took so long that nobody waits for it: the exchange is over, or a later attempt has begun.
   * What is not telling, such as a count of tokens or a picture, has limits, permissions and times of its own: it says nothing of how the deployment serves chats.
   */
  begin(number: number, deployment: Deployment, isStream: boolean, isTelling = true): boolean {
    if (this.#isOver || number <= this.#made.length) return false;
    const { health, admittance, attemptLog, requestId, now } = this.#parts;
    const last = this.#running;
    this.#over();
    admittance.move(deployment.endpoint.name);
    health.began(deployment);
    if (last !== undefined && deploymentId(last) === deploymentId(deployment)) health.noteRetry(deployment);
    this.#running = deployment;
    this.#isStream = isStream;
    this.#isTelling = isTelling;
    this.#made[number - 1] = { deployment, startedAt: now() };
    this.#failed(number - 1);
    this.#followed ??= attemptLog.follow(
      requestId,
      { onOutcome: (index, outcome) => this.#heard(index, outcome), onComplete: this.#parts.trace.completed },
      (index) => {
        const attempt = this.get(index);
        return attempt && clusterOf(attempt.deployment.endpoint);
      },
    );
    return true;
  }

  /** The headers of a good answer are here. */
  answered(number: number, headers: Headers): void {
    const attempt = this.get(number);
    if (attempt !== undefined && this.#isTelling) this.#parts.health.answered(attempt.deployment, headers);
  }

  /** The body of an error told more than its status. */
  told(number: number, what: ToldByBody): void {
    const attempt = this.get(number);
    if (attempt !== undefined && this.#isTelling) this.#parts.health.toldByBody(attempt.deployment, what);
  }

  /** The first content of the answer is here. */
  firstToken(): void {
    const last = this.#made.at(-1);
    if (last === undefined || !this.#isStream) return;
    this.#firstTokenAt = this.#parts.now();
    this.#parts.health.firstToken(last.deployment, this.#firstTokenAt - last.startedAt);
  }

  /** The answer is complete. */
  finished(usage: Usage | undefined): void {
    const last = this.#made.at(-1);
    if (last === undefined || usage === undefined) return;
    const { health, now } = this.#parts;
    const { outputTokens } = usage;
    if (this.#firstTokenAt !== undefined) health.finished(last.deployment, { outputTokens, ms: now() - this.#firstTokenAt });
    else if (!this.#isStream) health.answeredWhole(last.deployment, { outputTokens, ms: now() - last.startedAt });
  }

  /** The exchange is over. */
  end(): void {
    this.#isOver = true;
    this.#over();
    const isProbed = this.get(1)?.deployment === this.#probe && this.#isTelling;
    if (this.#probe !== undefined && !isProbed) this.#parts.health.dropProbe(this.#probe);
    if (this.#followed === undefined) this.#parts.trace.completed();
    else this.#followed.end(this.#made.length);
  }

  #over(): void {
    if (this.#running !== undefined) this.#parts.health.ended(this.#running);
    this.#running = undefined;
  }

  #heard(number: number, told: AttemptOutcome): void {
    const { health, trace, count, isComplete } = this.#parts;
    const attempt = this.get(number);
    if (attempt === undefined) return;
    // Clients hang up on the last word, before the provider has closed its stream: for Envoy they have left, though all of the answer came.
    const isWhole = told.failure === 'left' && number === this.#made.length && isComplete();
    const outcome = isWhole ? { ...told, failure: undefined, details: '' } : told;
    if (this.#isTelling) health.heard(attempt.deployment, outcome, { isStream: this.#isStream });
    trace.attemptEnded(number, outcome);
    count(attempt.deployment, outcome);
    attempt.outcome = outcome;
    if (number < this.#made.length) this.#failed(number);
  }

  /** An attempt was followed by another. It is told of once Envoy has said what became of it. */
  #failed(number: number): void {
    const attempt = this.get(number);
    if (attempt?.outcome !== undefined) this.#parts.onFailed({ number, deployment: attempt.deployment, outcome: attempt.outcome });
  }
}
