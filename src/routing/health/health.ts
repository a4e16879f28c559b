import { accountId, deploymentId, type Deployment } from '../deployment.ts';
import { createChangeLog } from './change-log.ts';
import { restFrom, type HealthChange, type HealthEvent } from './change.ts';
import { reportOf, type HealthReport } from './health-report.ts';
import { createInFlight, type InFlight } from './in-flight.ts';
import { judgeAccount, judgeDeployment } from './judge.ts';
import { createKnowledge, restsOf, type DeploymentKnowledge, type Knowledge } from './knowledge.ts';
import type { Latency, Produced } from './latency.ts';
import type { AttemptOutcome } from './outcome.ts';
import { claimProbe, dropProbe, standingAfter, type OnRest, type Rest } from './rest.ts';
import type { SetAside } from './set-aside.ts';
import type { Standing } from './standing.ts';

/** What is known of each deployment from the traffic that went there. In memory, bounded; nothing here waits. */
export interface Health extends Observing, Answering {
  report(): HealthReport[];
  /** Forgets an account and its deployments: it has another address or credential now, so what went before says nothing of it. */
  forget(account: string): void;
  /** Tells of each rest that begins or ends here; not of those applied. */
  onChange(listener: (change: HealthChange) => void): void;
  /** Takes over a change of another process, unless a later one is known. */
  apply(change: HealthChange): void;
}

/** How what happens becomes known. */
interface Observing {
  /** An attempt is made. */
  began(deployment: Deployment): void;
  /** An attempt is over, however it went: once per `began`. */
  ended(deployment: Deployment): void;
  /** The attempt that began is a further one at the same deployment. */
  noteRetry(deployment: Deployment): void;
  /** The headers of a good answer came, by lower-case name. */
  answered(deployment: Deployment, headers: ReadonlyMap<string, string>): void;
  /** The first content of a stream came, so many milliseconds after its attempt began. */
  firstToken(deployment: Deployment, ms: number): void;
  /** A stream ended well; its time counts from the first token. */
  finished(deployment: Deployment, produced: Produced): void;
  /** An answer that is no stream ended well; its time counts from the start of the attempt. */
  answeredWhole(deployment: Deployment, produced: Produced): void;
  /** The body of an answer told what its status did not: `overloaded` of a good status only. With what `heard` tells of the same attempt, it counts once. */
  toldByBody(deployment: Deployment, told: ToldByBody): void;
  /** What became of an attempt. How slow a stream is tells `firstToken`; how slow another answer is, its first byte. */
  heard(deployment: Deployment, outcome: AttemptOutcome, asked: { isStream: boolean }): void;
}

/** How what is known is asked for. */
interface Answering {
  standing(deployment: Deployment): Standing;
  /** Whether a request may call it now. Where it is to be probed, that is so for one request at a time. */
  claimProbe(deployment: Deployment): boolean;
  /** The attempt that was to probe is not made. */
  dropProbe(deployment: Deployment): void;
  latencyOf(deployment: Deployment): Latency;
  /** Share of its vendor's limits that is left, 0 to 1, by the tightest of them; undefined where the vendor tells nothing. */
  headroomOf(deployment: Deployment): number | undefined;
  /** Attempts under way. */
  inFlight(deployment: Deployment): number;
  /** Whether a further attempt at the same deployment is within a share (0 to 1) of the first ones. */
  mayRetry(deployment: Deployment, share: number): boolean;
}

/** What only the body of an answer tells: an error inside a stream, or an error whose status means several things. */
export type ToldByBody = 'overloaded' | 'out-of-money' | 'refused';

export interface HealthOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Yields numbers from 0 up to 1. */
  random: () => number;
  /** Name of this process, unlike that of any other that changes are shared with. */
  by: string;
  onEvent: (event: HealthEvent) => void;
}

/** Nothing known of anything. */
export function createHealth({ now, random, by, onEvent }: HealthOptions): Health {
  const listeners: ((change: HealthChange) => void)[] = [];
  const changes = createChangeLog({ now, by });
  const inFlight = createInFlight();

  const tellOf =
    (kind: HealthChange['kind'], id: string): OnRest =>
    (news, rest) => {
      const { reason, untilMs } = rest;
      if (news === 'began') onEvent({ type: 'rest-began', kind, id, reason, untilMs });
      if (news === 'over') onEvent({ type: 'rest-ended', kind, id, reason });
      const change = changes.happened(kind, id, news, rest);
      for (const listener of listeners) listener(change);
    };

  const knowledge = createKnowledge({ now, random, tellOf });
  return {
    ...observing(knowledge, inFlight, now),
    ...answering(knowledge, inFlight, now),
    report: () => reportOf(knowledge, inFlight, now()),
    forget(account) {
      knowledge.accounts.drop(account);
      for (const [id] of knowledge.deployments.all()) if (id.startsWith(`${account}/`)) knowledge.deployments.drop(id);
    },
    onChange: (listener) => void listeners.push(listener),
    apply(change) {
      if (changes.counts(change)) adopt(knowledge, change, restFrom(change, now(), random));
    },
  };
}

/** What puts knowledge in. */
function observing({ deployments, accounts }: Knowledge, inFlight: InFlight, now: () => number): Observing {
  const of = (deployment: Deployment): DeploymentKnowledge => deployments.of(deploymentId(deployment));
  const accountOf = ({ endpoint }: Deployment): SetAside => accounts.of(accountId(endpoint));
  return {
    began(deployment) {
      inFlight.began(deployment);
      of(deployment).retries.attempted();
    },
    ended: inFlight.ended,
    noteRetry: (deployment) => of(deployment).retries.retried(),
    answered: (deployment, headers) => of(deployment).headroom.read(headers, now()),
    firstToken(deployment, ms) {
      const { latency, breaker, setAside } = of(deployment);
      const startedAt = now() - ms;
      latency.firstToken(ms);
      accountOf(deployment).succeeded(startedAt);
      setAside.succeeded(startedAt);
      if (deployment.endpoint.breaker !== undefined) breaker.measured(ms, startedAt, deployment.endpoint.breaker);
    },
    finished: (deployment, produced) => of(deployment).latency.finished(produced),
    answeredWhole: (deployment, produced) => of(deployment).latency.answeredWhole(produced),
    toldByBody(deployment, told) {
      if (told !== 'overloaded') return accountOf(deployment).complained(told, now(), undefined);
      const { breaker, toldFailures } = of(deployment);
      if (deployment.endpoint.breaker === undefined) return;
      toldFailures.told();
      breaker.failed(now(), deployment.endpoint.breaker);
    },
    heard(deployment, outcome, { isStream }) {
      const known = of(deployment);
      known.headroom.read(outcome.headers, outcome.startedAt + (outcome.firstByteMs ?? outcome.durationMs));
      judgeAccount(accountOf(deployment), known, outcome, now());
      if (deployment.endpoint.breaker === undefined) known.breaker.adopt(undefined);
      else judgeDeployment(known, outcome, isStream, deployment.endpoint.breaker);
    },
  };
}

/** What gives knowledge out. Asking about what nothing is known of leaves no trace. */
function answering(knowledge: Knowledge, inFlight: InFlight, now: () => number): Answering {
  const find = (deployment: Deployment): DeploymentKnowledge | undefined => knowledge.deployments.find(deploymentId(deployment));
  return {
    standing: (deployment) => standingAfter(restsOf(knowledge, deployment), now()),
    claimProbe: (deployment) => claimProbe(restsOf(knowledge, deployment), now()),
    dropProbe(deployment) {
      for (const rest of restsOf(knowledge, deployment)) dropProbe(rest, now());
    },
    latencyOf: (deployment) => find(deployment)?.latency.latency() ?? unmeasured,
    headroomOf: (deployment) => find(deployment)?.headroom.left(),
    inFlight: (deployment) => inFlight.at(deploymentId(deployment)),
    mayRetry: (deployment, share) => find(deployment)?.retries.hasRoom(share) ?? true,
  };
}

const unmeasured: Latency = { firstTokenMs: undefined, tokensPerSecond: undefined, ageMs: undefined };

function adopt({ deployments, accounts }: Knowledge, { kind, id }: HealthChange, rest: Rest | undefined): void {
  if (kind === 'breaker') deployments.of(id).breaker.adopt(rest);
  else if (id.includes('/')) deployments.of(id).setAside.adopt(rest);
  else accounts.of(id).adopt(rest);
}
