import { Command, Option } from 'commander';
import type { Store } from '../stores/store.ts';
import { buckets } from '../usage/calendar.ts';
import { groupUsage, type Sums, type UsageReport } from '../usage/group.ts';
import { dollarsOf } from '../usage/money.ts';
import { readUsageQuery, type UsageQuery } from '../usage/query.ts';
import { cellsOf, columnsOf, csvOf, reportJson } from '../usage/table.ts';
import { configOption, jsonOption } from './config-option.ts';
import { textTable } from './text-table.ts';
import { UserError } from './user-error.ts';
import { terminal, withStore, type Terminal, type Tools } from './with-store.ts';

interface UsageOptions {
  config: string;
  by?: string;
  from?: string;
  to?: string;
  bucket?: string;
  timeZone?: string;
  where?: string[];
  format: 'table' | 'csv' | 'json';
  json?: true;
  verify?: true;
}

/** `remora usage`: what was used and what it cost, whether the gateway runs or not. */
export function usageCommand(say: Terminal = terminal): Command {
  return new Command('usage')
    .description('what was used and what it cost')
    .addOption(configOption())
    .option('--by <names>', 'what to tell apart, such as tenant,served,label:team', 'tenant')
    .option(
      '--from <when>',
      'a day such as 2026-11-01, a moment such as 2026-11-01T12:00:00Z, or a time such as 7d, which means that long ago',
      '30d',
    )
    .option('--to <when>', 'the first moment that does not count; now unless given')
    .addOption(new Option('--bucket <span>', 'a row for each of these').choices(buckets))
    .option('--time-zone <name>', 'where days begin, such as Europe/Berlin', 'UTC')
    .option('--where <name=value...>', 'only what has these, such as tenant=marketing label:team=search')
    .addOption(new Option('--format <format>', 'how it is printed').choices(['table', 'csv', 'json']).default('table'))
    .addOption(jsonOption())
    .option('--verify', "check that every budget's running total is the sum of its entries")
    .action((options: UsageOptions) =>
      withStore(options.config, say, (tools) => (options.verify === true ? verify(tools, say) : print(tools, options, say))),
    );
}

async function print({ store: { ledger }, now }: Tools, options: UsageOptions, say: Terminal): Promise<void> {
  const query = readUsageQuery(parametersOf(options), now());
  const report = await groupUsage(ledger.entries(query, query.filter), query);
  const format = options.json === true ? 'json' : options.format;
  if (format === 'json') say.out(`${JSON.stringify(reportJson(report, query, await ledger.keptSince()), undefined, 2)}\n`);
  else say.out(format === 'csv' ? csvOf([columnsOf(query), ...report.rows.map(cellsOf)]) : tableOf(report, query));
}

function parametersOf({ by, from, to, bucket, timeZone, where = [] }: UsageOptions): [string, string][] {
  const given = Object.entries({ groupBy: by, from, to, bucket, timeZone }).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return [...given, ...where.map(condition)];
}

function condition(text: string): [string, string] {
  const index = text.indexOf('=');
  if (index < 1) throw new UserError(`--where takes name=value, such as tenant=marketing, not "${text}".`);
  return [text.slice(0, index), text.slice(index + 1)];
}

function tableOf({ rows, total }: UsageReport, { bucket, groupBy }: UsageQuery): string {
  const names = [...(bucket === undefined ? [] : [bucket]), ...groupBy.map(({ name }) => name)];
  const counted = ['REQUESTS', 'INPUT', 'CACHED', 'OUTPUT', 'ESTIMATED', 'UNPRICED', 'COST ($)'].map((title) => ({ title, align: 'right' as const }));
  const lines = rows.map((row) => [
    ...(row.bucket === undefined ? [] : [row.bucket]),
    ...row.values.map((value) => (value === '' ? '-' : value)),
    ...countsOf(row.sums),
  ]);
  const last = names.length === 0 ? [] : [[...names.map((_, index) => (index === 0 ? 'TOTAL' : '')), ...countsOf(total)]];
  return textTable([...names.map((name) => ({ title: name.toUpperCase() })), ...counted], [...lines, ...last]);
}

const countsOf = ({ requests, inputTokens, cacheReadTokens, outputTokens, estimated, unpriced, costNanos }: Sums): (string | number)[] => [
  requests,
  inputTokens,
  cacheReadTokens,
  outputTokens,
  estimated,
  unpriced,
  dollarsOf(costNanos),
];

/** Throws UserError where a running total is not what the entries add up to. */
async function verify({ store, now }: Tools, say: Terminal): Promise<void> {
  const units = await unitsOf(store, now());
  const wrong: string[] = [];
  let count = 0;
  for await (const { id, spent, entries } of store.ledger.verify(now())) {
    const text = (amount: bigint): string => (units.get(id) === 'tokens' ? `${amount} tokens` : `$${dollarsOf(amount)}`);
    const isRight = spent === entries;
    count += 1;
    if (!isRight) wrong.push(id);
    say.out(`${isRight ? 'good ' : 'WRONG'} ${id}: ${text(spent)} spent, entries add up to ${text(entries)}\n`);
  }
  if (wrong.length > 0) throw new UserError(`The ledger does not add up for ${wrong.join(', ')}: keep the store as it is and report it.`);
  say.out(`The running totals of all budgets (${count}) are the sums of their entries.\n`);
}

async function unitsOf({ budgets }: Store, now: number): Promise<Map<string, 'nanos' | 'tokens'>> {
  return new Map((await budgets.list(now)).map(({ id, unit }) => [id, unit]));
}
