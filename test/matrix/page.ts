import type { Client } from './conversation.ts';
import type { FeatureGroup } from './feature.ts';
import type { ProviderUnderTest } from './providers.ts';
import type { Cell, Outcome } from './run.ts';

/** What the page is made from. */
export interface MatrixResults {
  clients: readonly Client[];
  providers: readonly ProviderUnderTest[];
  groups: readonly FeatureGroup[];
  cells: readonly Cell[];
}

/** A feature, and what became of it at each provider. */
type Row = readonly [feature: string, ...shown: string[]];

/** `docs/providers.md`: a table for each client format, and what the gateway says where something is not carried. */
export function providersPage(results: MatrixResults): string {
  const notes = new Notes();
  const sections = results.clients.flatMap((client) => section(client, results, notes));
  return [...introduction(results), ...sections, '## Notes', notes.list(), ''].join('\n\n');
}

const introduction = ({ clients, providers, cells }: MatrixResults): string[] => [
  '# Clients and providers',
  'What an application may rely on, for each client format at each provider. ' +
    'This page is made by the tests: `npm run docs` runs them, `test/matrix` holds them. ' +
    `An official SDK talks through Envoy and the gateway to a strict stand-in of each provider: ${clients.length} clients, ${providers.length} providers, ${cells.length} cells.`,
  [
    '- ✓ it arrives as it was meant. Where client and provider speak different protocols, the test has also been seen to fail with the feature taken out of the translator.',
    '- a number: not, or not all of it; the note with that number is what the gateway says in `x-remora-warnings`, or in the error that refuses the request.',
    '- a number in brackets: the provider has no such thing; the note says why.',
    '- —: the client format, or this SDK, has no words for it.',
  ].join('\n'),
];

/** A client's table. Another SDK for a protocol that has one above shows only what differs there. */
function section(client: Client, results: MatrixResults, notes: Notes): string[] {
  const model = results.clients.find(({ protocol }) => protocol === client.protocol);
  const isSecond = model !== undefined && model !== client;
  const known = isSecond ? new Map(rowsOf(model, results, notes).map((row) => [row[0], row.join()])) : new Map<string, string>();
  const rows = rowsOf(client, results, notes);
  const isNever = ([, ...shown]: Row): boolean => shown.every((cell) => cell === '—');
  const isEverywhere = ([, ...shown]: Row): boolean => shown.every((cell) => cell === '✓');
  const names = (chosen: readonly Row[]): string => chosen.map(([feature]) => feature).join(', ');
  const varying = rows.filter((row) => !isNever(row) && !isEverywhere(row) && known.get(row[0]) !== row.join());
  return [
    `## ${client.name}`,
    [
      `With ${client.sdk}.`,
      `At every provider: ${names(rows.filter(isEverywhere))}.`,
      ...(isSecond
        ? [`What is tried besides is as with ${model.name}${varying.length > 0 ? ', but for these' : ''}.`]
        : [`No words for: ${names(rows.filter(isNever)) || 'nothing'}.`]),
    ].join('\n'),
    ...(varying.length > 0 ? [table(varying, results.providers)] : []),
  ];
}

const rowsOf = (client: Client, { providers, groups, cells }: MatrixResults, notes: Notes): Row[] => {
  const own = new Map(cells.filter((cell) => cell.client === client).map((cell) => [`${cell.provider.name} ${cell.feature.name}`, cell.outcome]));
  return groups.flatMap(({ features }) =>
    features.map(({ name }): Row => [name, ...providers.map((provider) => show(own.get(`${provider.name} ${name}`), notes))]),
  );
};

function table(rows: readonly Row[], providers: readonly ProviderUnderTest[]): string {
  const head = ['', ...providers.map(({ title }) => title)];
  return [head, head.map((_, index) => (index === 0 ? '---' : ':-:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function show(outcome: Outcome | undefined, notes: Notes): string {
  switch (outcome?.type) {
    case 'carried':
      return '✓';
    case 'told':
      return String(notes.numberOf(outcome.why));
    case 'lacking':
      return `(${notes.numberOf(outcome.why)})`;
    case 'inexpressible':
    case undefined:
      return '—';
    case 'broken':
    case 'unproven':
      return '✗';
  }
}

/** Sentences, each once, numbered as they come. */
class Notes {
  readonly #numbers = new Map<string, number>();

  numberOf(sentence: string): number {
    const number = this.#numbers.get(sentence) ?? this.#numbers.size + 1;
    this.#numbers.set(sentence, number);
    return number;
  }

  list(): string {
    return [...this.#numbers].map(([sentence, number]) => `${number}. ${escape(sentence)}`).join('\n');
  }
}

const escape = (text: string): string => text.replaceAll(/[<>*_|`[\]]/g, (character) => `\\${character}`);
