import { expect, test } from 'vitest';
import { clusterOf } from '../routing/deployment.ts';
import { deployment } from '../routing/deployment.fixture.ts';
import { chainMetadata } from './chain-metadata.ts';

const chain = [deployment('a'), deployment('b'), deployment('a')];
const group = (index: number, cluster: string) => ({ name: String(index), clusters: [{ cluster_name: cluster, weight: 1 }] });
const [a, b] = [clusterOf(deployment('a').endpoint), clusterOf(deployment('b').endpoint)];

test('attempt k goes to the k-th deployment of the chain, each group naming its cluster itself', () => {
  expect(chainMetadata(chain)).toEqual({ 'remora.chain': { priority_groups: [group(1, a), group(2, b), group(3, a)] } });
});

test('where more attempts may be made than the chain has, they are refused: Envoy repeats the last group', () => {
  expect(chainMetadata(chain, 8)).toEqual({ 'remora.chain': { priority_groups: [group(1, a), group(2, b), group(3, a), group(4, 'p_none')] } });
});
