import { afterAll, beforeAll, expect, test } from 'vitest';
import { clients } from './clients/all.ts';
import { featureGroups } from './features/all.ts';
import { providersPage } from './page.ts';
import { providers } from './providers.ts';
import { tryFeature, type Cell } from './run.ts';
import { startMatrixWorld, type World } from './world.ts';

let world: World;
const cells: Cell[] = [];

beforeAll(async () => {
  world = await startMatrixWorld(providers);
}, 60_000);
afterAll(() => world?.stop());

test.each(featureGroups.flatMap(({ features }) => features))('$name', { timeout: 60_000 }, async (feature) => {
  const tried = await tryFeature(feature, clients, providers, world);
  cells.push(...tried);
  const faults = tried.flatMap(({ client, provider, outcome }) =>
    outcome.type === 'broken' || outcome.type === 'unproven' ? [`${client.name} at ${provider.name} is ${outcome.type}: ${outcome.why}`] : [],
  );
  expect(faults, faults.join('\n')).toHaveLength(0);
});

// `npm run docs` runs this file with --update, which writes the page.
test('docs/providers.md says what these tests have seen (refresh: npm run docs)', async () => {
  await expect(providersPage({ clients, providers, groups: featureGroups, cells })).toMatchFileSnapshot('../../docs/providers.md');
});
