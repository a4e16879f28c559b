import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endpoint } from '../routing/deployment.fixture.ts';
import { clusterOf, type Endpoint } from '../routing/deployment.ts';
import type { ClusterUpdates } from './admin.ts';
import { EnvoyError } from './envoy-error.ts';
import { createLiveClusters, type LiveClusters, type LiveClustersOptions } from './live-clusters.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-clusters-'));
  file = join(folder, 'clusters.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string, port: number): Endpoint => endpoint(name, { baseUrl: new URL(`http://127.0.0.1:${port}/v1`) });
const [a, b, movedA] = [at('a', 1), at('b', 2), at('a', 3)];

const inFile = (): { version_info: string; resources: string[] } => JSON.parse(readFileSync(file, 'utf8'));

/** An Envoy that has each file at once, but for what it is told. */
const clustersOf = (behaviour: () => Partial<ClusterUpdates> = () => ({}), more: Partial<LiveClustersOptions> = {}): LiveClusters =>
  createLiveClusters({
    file,
    admin: { clusterUpdates: async () => ({ version: inFile().version_info, warming: 0, rejected: 0, ...behaviour() }) },
    render: (endpoints) => ({ resources: endpoints.map(clusterOf) }),
    timeoutMs: 30,
    ...more,
  });

test('a version’s clusters stand beside those of before until these are dropped', async () => {
  const clusters = clustersOf();
  await clusters.begin(1, [a, b]);
  await clusters.add(2, [movedA]);
  expect(inFile().resources).toEqual([a, b, movedA].map(clusterOf));
  await clusters.drop((version) => version < 2);
  expect(inFile().resources).toEqual([clusterOf(movedA)]);
});

test('a cluster that a later version has again stays when an earlier one is dropped', async () => {
  const clusters = clustersOf();
  await clusters.begin(1, [a, b]);
  await clusters.add(2, [a]);
  await clusters.add(3, [a, b]);
  await clusters.drop((version) => version < 3);
  expect(inFile().resources).toEqual([a, b].map(clusterOf));
});

test('a version that needs no other clusters is there without a word to Envoy', async () => {
  const never = (): never => {
    throw new Error('Envoy was asked');
  };
  const clusters = clustersOf(never, { check: never });
  await clusters.begin(1, [a, b]);
  await clusters.add(2, [b, a].toReversed());
  await clusters.add(3, [a]); // b is still held by the versions before
  expect(inFile().resources).toEqual([a, b].map(clusterOf));
});

describe('all is as before when', () => {
  async function expectAsBefore(clusters: LiveClusters, reason: string): Promise<void> {
    await clusters.begin(1, [a]);
    await expect(clusters.add(2, [b])).rejects.toThrow(reason);
    expect(inFile().resources).toEqual([clusterOf(a)]);
  }

  test('Envoy does not accept the new ones when it is asked before', async () => {
    const check = (): Promise<void> => Promise.reject(new EnvoyError('no such file'));
    await expectAsBefore(clustersOf(undefined, { check }), 'no such file');
  });

  test('Envoy refuses the file', async () => {
    let asked = 0;
    await expectAsBefore(
      clustersOf(() => ({ version: '', rejected: asked++ })),
      'Envoy does not accept the clusters of the new config',
    );
  });

  test.each([
    ['does not take the file', { version: 'old' }],
    ['cannot resolve the names in time', { warming: 1 }],
  ])('Envoy %s', async (_, behaviour) => {
    await expectAsBefore(
      clustersOf(() => behaviour),
      'Envoy did not have the clusters of the new config after 0.03 s',
    );
  });

  test('Envoy had no time, and a later version comes nevertheless', async () => {
    let warming = 1;
    const clusters = clustersOf(() => ({ warming }));
    await expectAsBefore(clusters, 'Envoy did not have');
    warming = 0;
    await clusters.add(3, [b]);
    expect(inFile().resources).toEqual([a, b].map(clusterOf));
  });
});

test('it waits until Envoy has resolved the names of the new clusters', async () => {
  let asked = 0;
  const clusters = clustersOf(() => ({ warming: asked++ < 4 ? 1 : 0 }), { timeoutMs: 60_000 });
  await clusters.begin(1, [a]);
  await clusters.add(2, [b]);
  expect(asked).toBe(5);
});
