import { parseArgs } from 'node:util';
import { workloads, type Workload } from './canned.ts';

export const caseNames = ['direct', 'plain', 'passing', 'translating', 'everything', 'against'] as const;
export type CaseName = (typeof caseNames)[number];

export interface BenchOptions {
  seconds: number;
  rounds: number;
  clients: number;
  workloads: readonly Workload[];
  cases: readonly CaseName[];
  json: string | undefined;
  markdown: string | undefined;
  against: string | undefined;
  profile: string | undefined;
}

export const help = `npm run bench -- [options]

Measures one fake provider reached directly, through plain Envoy, and through Envoy and Remora.

  --seconds N      length of one slice of load (default 3)
  --rounds N       slices per case, interleaved; medians are shown (default 3)
  --clients N      clients that each keep one connection busy (default 32)
  --only NAMES     some workloads (${workloads.join(', ')}; default json,stream) or cases (${caseNames.slice(0, -1).join(', ')}), with commas;
                   plain Envoy is always measured
  --against DIR    also measures "everything" with the sidecar of another checkout
  --json FILE      writes every slice's numbers
  --markdown FILE  puts the tables between the markers of a page, such as docs/benchmarks.md
  --profile DIR    writes a CPU profile of each sidecar
  --help
`;

/** Reads the command line; undefined where only help is asked for. Throws what is wrong with it. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { ...text, default: '3' },
      rounds: { ...text, default: '3' },
      clients: { ...text, default: '32' },
      only: { ...text, default: '' },
      against: text,
      json: text,
      markdown: text,
      profile: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const { against, json, markdown, profile } = values;
  const only = values.only.split(',').filter((name) => name !== '');
  for (const name of only) if (![...workloads, ...caseNames].some((known) => known === name)) throw new Error(`--only does not know "${name}"`);
  const chosenWorkloads = workloads.filter((name) => only.includes(name));
  const chosenCases = caseNames.filter((name) => only.includes(name));
  const cases = caseNames.filter((name) => name === 'plain' || chosenCases.length === 0 || chosenCases.includes(name));
  return {
    seconds: positive(values.seconds, '--seconds'),
    rounds: positive(values.rounds, '--rounds'),
    clients: positive(values.clients, '--clients'),
    workloads: chosenWorkloads.length === 0 ? ['json', 'stream'] : chosenWorkloads,
    cases: cases.filter((name) => name !== 'against' || against !== undefined),
    ...{ against, json, markdown, profile },
  };
}

function positive(text: string, option: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${option} takes a number above 0, not "${text}"`);
  return number;
}
