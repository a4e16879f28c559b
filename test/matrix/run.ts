import { setTimeout as sleep } from 'node:timers/promises';
import { createEar, Inexpressible, SdkError, type Client } from './conversation.ts';
import type { Feature, Stage } from './feature.ts';
import { install } from './mutation.ts';
import { lackOf, speaks, type ProviderUnderTest } from './providers.ts';
import type { World } from './world.ts';

/**
 * What became of a feature, for one client at one provider. `carried`: it holds. `told`: it does not, and the gateway says so, in its own words.
 * `inexpressible`: the client has no words for it. `lacking`: the provider has no such thing. `broken`: it does not hold and nobody says so.
 * `unproven`: it holds, but also where it is taken out of the translator.
 */
export type Outcome = { type: 'carried' | 'inexpressible' } | { type: 'told' | 'lacking' | 'broken' | 'unproven'; why: string };

export interface Cell {
  client: Client;
  provider: ProviderUnderTest;
  feature: Feature;
  outcome: Outcome;
}

/** Longest wait for one cell. */
const patienceMs = 15_000;

/** Tries a feature with every client at every provider: at all providers at once, since each has a fake of its own. */
export async function tryFeature(
  feature: Feature,
  clients: readonly Client[],
  providers: readonly ProviderUnderTest[],
  world: World,
): Promise<Cell[]> {
  const rows = await Promise.all(
    providers.map(async (provider) => {
      const cells: Cell[] = [];
      for (const client of clients) cells.push({ client, provider, feature, outcome: await tryCell({ client, provider, feature }, world) });
      return cells;
    }),
  );
  const cells = rows.flat();
  // Where a client has no words for something, that is so at every provider, also where something else came first.
  const speechless = new Set(cells.flatMap(({ client, outcome }) => (outcome.type === 'inexpressible' ? [client] : [])));
  for (const cell of cells) if (speechless.has(cell.client)) cell.outcome = { type: 'inexpressible' };
  await proveCells(feature, cells, world);
  return cells;
}

/** Takes the feature out of the translator: what is carried from one protocol to another must then fail. */
async function proveCells({ mutation }: Feature, cells: readonly Cell[], world: World): Promise<void> {
  if (mutation === undefined) return;
  const translated = cells.filter(({ client, provider, outcome }) => outcome.type === 'carried' && !speaks(provider, client.protocol));
  const restore = install(mutation);
  try {
    await Promise.all(
      [...Map.groupBy(translated, ({ provider }) => provider).values()].map(async (atProvider) => {
        for (const cell of atProvider) {
          const { type } = await tryCell(cell, world);
          if (type === 'carried') cell.outcome = { type: 'unproven', why: 'it also holds where it is taken out of the translator' };
        }
      }),
    );
  } finally {
    restore();
  }
}

async function tryCell({ client, provider, feature }: Omit<Cell, 'outcome'>, { gateway, fakes }: World): Promise<Outcome> {
  if (client.without?.includes(feature.name)) return { type: 'inexpressible' };
  const why = lackOf(provider, feature.name, client);
  if (why !== undefined) return { type: 'lacking', why };
  const fake = fakes.get(provider.name);
  if (fake === undefined) throw new Error(`${provider.name} has not been started`);
  fake.clear();
  const ear = createEar();
  const model = feature.thinks ? `${provider.name}-thinking` : provider.name;
  const isTranslated = !speaks(provider, client.protocol);
  const stage: Stage = { open: () => client.open(gateway, model, ear), provider, protocol: client.protocol, isTranslated, fake, ear };
  const failure = await withPatience(feature.run(stage)).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(JSON.stringify(error))),
  );
  return toOutcome(failure, stage);
}

/** A 400 says it too: the gateway's, or the provider's own where it got what the client sent. */
function toOutcome(failure: Error | undefined, { ear, isTranslated }: Stage): Outcome {
  if (failure instanceof Inexpressible) return { type: 'inexpressible' };
  const [warning] = ear.warnings;
  if (warning !== undefined) return { type: 'told', why: warning };
  if (failure === undefined) return { type: 'carried' };
  const isOurs = ear.headers.get('x-remora-error') !== null;
  if (failure instanceof SdkError && failure.status === 400 && (isOurs || !isTranslated)) return { type: 'told', why: messageOf(failure) };
  return { type: 'broken', why: failure.message };
}

async function withPatience(running: Promise<void>): Promise<void> {
  const enough = new AbortController();
  const late = sleep(patienceMs, undefined, { signal: enough.signal }).then(() => {
    throw new Error(`it took more than ${patienceMs} ms`);
  });
  late.catch(() => {});
  try {
    await Promise.race([running, late]);
  } finally {
    enough.abort();
  }
}

/** What an error says; some SDKs give all of its body. */
const messageOf = ({ message }: SdkError): string => /"message":"((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message;
