import type { HealthReport } from '../routing/health/health-report.ts';

/** What several processes of a gateway know of the same deployments, as one report: the worst standing, the mean of what was measured, and the sum of what is under way. */
export function mergeHealth(reports: readonly (readonly HealthReport[])[]): HealthReport[] {
  const byId = Map.groupBy(reports.flat(), ({ id }) => id);
  return [...byId.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    return {
      id: first.id,
      name: first.name,
      standing: same.map(({ standing }) => standing).reduce((worst, each) => (badness(each) > badness(worst) ? each : worst)),
      failureRate: mean(same.map(({ failureRate }) => failureRate)),
      firstTokenMs: mean(same.map(({ firstTokenMs }) => firstTokenMs)),
      tokensPerSecond: mean(same.map(({ tokensPerSecond }) => tokensPerSecond)),
      headroom: least(same.map(({ headroom }) => headroom)),
      inFlight: same.reduce((sum, { inFlight }) => sum + inFlight, 0),
    };
  });
}

/** Resting is worse than to be tried, and a later end is worse than an earlier one. */
function badness(standing: HealthReport['standing']): number {
  if (standing.type === 'resting') return standing.untilMs;
  return standing.type === 'probe' ? 1 : 0;
}

type Measured = readonly (number | undefined)[];

const known = (values: Measured): number[] => values.filter((value) => value !== undefined);

function mean(values: Measured): number | undefined {
  const { length } = known(values);
  return length === 0 ? undefined : known(values).reduce((sum, value) => sum + value, 0) / length;
}

const least = (values: Measured): number | undefined => (known(values).length === 0 ? undefined : Math.min(...known(values)));
