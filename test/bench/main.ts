import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workload } from './canned.ts';
import { openCase, startSpanSink, type Case, type SpanSink } from './cases.ts';
import { startChild, type Child, type Cores } from './child.ts';
import { envoyBinary } from './gateways.ts';
import { measure, type Slice } from './measure.ts';
import { help, readOptions, type BenchOptions } from './options.ts';
import { writePage } from './page.ts';
import { rssMib } from './process-cost.ts';
import { table, titles, toRows, verdict } from './report.ts';
import { runCommand } from '../../src/envoy/command.ts';

// `npm run bench`: what Envoy and the sidecar cost. docs/benchmarks.md says what is measured and how to read it.

/** The gateways share one core; the load generator and the fake provider have the others. */
const gatewayCore = '0';

/** Things to stop, the last one first. */
const started: { stop(): Promise<void> | void }[] = [];

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(help);
  else await bench(options);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  for (const one of started.toReversed()) await one.stop();
}

async function bench(options: BenchOptions): Promise<void> {
  if (process.platform !== 'linux') throw new Error('it reads CPU times from /proc, so it needs Linux');
  const { binary, version } = await envoyBinary();
  const pinned = availableParallelism() > 1 && (await runCommand('taskset', ['-V']).catch(() => ({ code: 1 }))).code === 0;
  const others = pinned ? `1-${cpus().length - 1}` : undefined;
  const { cases, children, sink } = await start(options, binary, { gateway: pinned ? gatewayCore : undefined, others });
  const setting =
    `Envoy ${version}, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores; ` +
    `${pinned ? 'Envoy and sidecar on one core, the rest on the others' : 'not bound to cores'}; ` +
    `${options.clients} clients, medians of ${options.rounds} rounds of ${options.seconds} s.`;
  console.log(setting);

  const slices = new Map<Workload, Slice[]>();
  for (const workload of options.workloads) slices.set(workload, await measure(workload, cases, options, children));
  checkSpans(sink, [...slices.values()].flat());
  const subjects = cases.map(({ name, title, gateway }) => ({
    name,
    title,
    rssMib: { envoy: gateway && rssMib(gateway.envoyPid), sidecar: gateway?.sidecarPid === undefined ? undefined : rssMib(gateway.sidecarPid) },
  }));
  const results = [...slices].map(([workload, own]) => ({ workload, rows: toRows(own, subjects) }));
  const tables = results.map(({ workload, rows }) => `**${titles[workload]}**\n\n${table(rows)}`).join('\n\n');
  const verdicts = results.flatMap(({ workload, rows }) => verdict(workload, rows) ?? []);
  console.log(`\n${tables}\n\n${verdicts.join('\n')}`);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ setting, results, slices: [...slices.values()].flat() }, null, 2)}\n`);
  if (options.markdown !== undefined) writePage(options.markdown, 'bench', [setting, tables, verdicts.map((line) => `- ${line}`).join('\n')]);
}

/** What the measuring needs. */
interface Started {
  cases: Case[];
  children: { fake: Child; load: Child };
  sink: SpanSink;
}

/** Starts everything in the order in which it depends on each other. */
async function start(options: BenchOptions, binary: string, cores: { gateway: Cores; others: Cores }): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'remora-bench-'));
  started.push({ stop: () => rmSync(directory, { recursive: true, force: true }) });
  const child = async (script: string): Promise<Child> => {
    const one = await startChild(join(import.meta.dirname, script), [], { cores: cores.others });
    started.push(one);
    return one;
  };
  const [fake, load] = [await child('fake.ts'), await child('load.ts')];
  const sink = await startSpanSink();
  started.push({ stop: () => sink.close() });
  const { port } = fake.ready as { port: number };
  const cases: Case[] = [];
  for (const name of options.cases) {
    const opened = await openCase(name, port, sink.port, options, { binary, directory, cores: cores.gateway });
    cases.push(opened);
    if (opened.gateway !== undefined) started.push(opened.gateway);
  }
  return { cases, children: { fake, load }, sink };
}

/** Tracing that does not trace would cost nothing. */
function checkSpans(sink: SpanSink, slices: readonly Slice[]): void {
  const requests = slices.filter((slice) => slice.case === 'everything').reduce((sum, slice) => sum + slice.requests, 0);
  const { envoy, sidecar } = sink.exports();
  if (requests > 2000 && (envoy === 0 || sidecar === 0))
    throw new Error(`of ${requests} requests, 1 % traced, came ${envoy} exports of Envoy's and ${sidecar} of the sidecar's`);
}
