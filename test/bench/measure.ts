import { setTimeout as sleep } from 'node:timers/promises';
import { expectedText, paceMs, personalData, requestBody, textOf, type Workload } from './canned.ts';
import { key, lastRequest, type Case } from './cases.ts';
import type { Child } from './child.ts';
import type { LoadOrder, LoadResult, ProbeOrder, ProbeResult } from './load.ts';
import type { BenchOptions, CaseName } from './options.ts';
import { cpuMs } from './process-cost.ts';
import type { ReadResponse } from './response-reader.ts';

/** What one slice of load has shown of one case. */
export interface Slice {
  workload: Workload;
  case: CaseName;
  round: number;
  requests: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time per request, in milliseconds. */
  envoyMs: number;
  sidecarMs: number;
  /** Share of one core that Envoy and the sidecar took while the load ran. */
  busy: number;
}

interface Children {
  fake: Child;
  load: Child;
}

/** A sidecar that is cold costs twice as much; a case is never warmed up for longer than one slice. */
const warmUpMs = { sidecar: 3000, none: 1000 } as const;
/** After a slice the ledger still writes for up to 200 ms, which belongs to the slice. */
const settleMs = 250;

/** Measures one workload: every case is warmed up, then they take turns, so that what disturbs the machine disturbs all of them. */
export async function measure(
  workload: Workload,
  cases: readonly Case[],
  { clients, rounds, seconds }: BenchOptions,
  { fake, load }: Children,
): Promise<Slice[]> {
  await fake.ask({ gapMs: workload === 'paced' ? paceMs : 0 });
  const orders = new Map<CaseName, LoadOrder>();
  for (const one of cases) {
    const request = requestOf(one, workload);
    const expected = await probe(one, workload, request, { fake, load });
    const order: LoadOrder = {
      port: one.port,
      request,
      clients,
      durationMs: seconds * 1000,
      expected,
      spreadMs: workload === 'paced' ? 10 * paceMs : 0,
    };
    const longestMs = one.gateway?.sidecarPid === undefined ? warmUpMs.none : warmUpMs.sidecar;
    await load.ask({ ...order, durationMs: Math.min(longestMs, order.durationMs) } satisfies LoadOrder);
    orders.set(one.name, order);
  }
  const slices: Slice[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) slices.push(await slice(workload, round, one, orders.get(one.name), load));
  }
  return slices;
}

async function slice(workload: Workload, round: number, { name, gateway }: Case, order: LoadOrder | undefined, load: Child): Promise<Slice> {
  const cpu = (): [envoy: number, sidecar: number] => [readCpu(gateway?.envoyPid), readCpu(gateway?.sidecarPid)];
  const [envoyBefore, sidecarBefore] = cpu();
  const { requests, durationMs, p50Ms, p99Ms } = (await load.ask(order ?? {})) as LoadResult;
  await sleep(settleMs);
  const [envoyAfter, sidecarAfter] = cpu();
  const [envoy, sidecar] = [envoyAfter - envoyBefore, sidecarAfter - sidecarBefore];
  return {
    ...{ workload, case: name, round, requests, p50Ms, p99Ms },
    perSecond: (requests / durationMs) * 1000,
    envoyMs: envoy / requests,
    sidecarMs: sidecar / requests,
    busy: (envoy + sidecar) / durationMs,
  };
}

const readCpu = (pid: number | undefined): number => (pid === undefined ? 0 : cpuMs(pid));

function requestOf({ port, model }: Case, workload: Workload): string {
  const body = requestBody(model, workload);
  const headers = [
    `host: 127.0.0.1:${port}`,
    'accept: application/json',
    'content-type: application/json',
    'user-agent: OpenAI/JS 7.55.0',
    'x-stainless-lang: js',
    'x-stainless-runtime: node',
    'x-stainless-retry-count: 0',
    `authorization: Bearer ${key}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `POST /v1/chat/completions HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** Sends one request and reads all of its answer: what every further answer must be. Throws where the case is not what it says it is. */
async function probe(
  { title, port, providerPath, redacts }: Case,
  workload: Workload,
  request: string,
  { fake, load }: Children,
): Promise<ReadResponse> {
  const { response, body } = (await load.ask({ port, request } satisfies ProbeOrder)) as ProbeResult;
  const fail = (what: string): never => {
    throw new Error(`${title}: ${what}`);
  };
  if (response.status !== 200) fail(`status ${response.status}: ${body}`);
  const text = textOf(body, workload);
  if (text !== expectedText({ restored: redacts })) fail(`the answer's text is ${JSON.stringify(text)}`);
  const asked = await lastRequest(fake);
  if (!asked.head.startsWith(`POST ${providerPath} `)) fail(`the provider was asked ${asked.head.split('\r\n')[0]}`);
  const seen = personalData.filter((value) => asked.body.includes(value));
  if (seen.length !== (redacts ? 0 : personalData.length)) fail(`of the personal data the provider saw ${seen.join(', ')}`);
  return response;
}
