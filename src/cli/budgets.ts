import { Command } from 'commander';
import { createBudgetAdmin, type BudgetAdmin, type BudgetView } from '../admin/budgets.ts';
import { asOption, configOption, jsonOption } from './config-option.ts';
import { textTable } from './text-table.ts';
import { terminal, withStore, type Terminal } from './with-store.ts';

interface CommonOptions {
  config: string;
  json?: true;
  as: string;
  reason: string;
}

/** `remora budgets`: how budgets stand, whether the gateway runs or not. */
export function budgetsCommand(say: Terminal = terminal): Command {
  const command = new Command('budgets').description('budgets: how they stand; top up one, or free what gateways that died hold of it');
  const sub = (name: string, description: string): Command =>
    command.command(name).description(description).addOption(configOption()).addOption(jsonOption());
  const withBudgets = <Result>({ config }: CommonOptions, work: (budgets: BudgetAdmin) => Promise<Result>): Promise<Result> =>
    withStore(config, say, (tools) => work(createBudgetAdmin(tools)));
  const show = (views: readonly BudgetView[], { json }: CommonOptions): void =>
    say.out(json === true ? `${JSON.stringify(views, undefined, 2)}\n` : budgetTable(views));

  sub('list', 'list the budgets that gateways have used in their current period')
    .option('--tenant <name>', 'of one tenant and its keys')
    .action(async (options: CommonOptions & { tenant?: string }) =>
      show(await withBudgets(options, (budgets) => budgets.list(options.tenant)), options),
    );

  sub('top-up', 'add to what may be spent in the current period, or take away (negative, after --)')
    .argument('<id>')
    .argument('<amount>', 'dollars such as 250.00, or tokens')
    .requiredOption('--reason <text>', 'why, for the audit')
    .addOption(asOption())
    .action(async (id: string, amount: string, options: CommonOptions) =>
      show([await withBudgets(options, (budgets) => budgets.topUp({ id, amount, reason: options.reason }, options.as))], options),
    );

  sub('release', 'free what gateways that died hold: what they spent and could not book is then lost')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why, for the audit')
    .addOption(asOption())
    .action(async (id: string, options: CommonOptions) =>
      show([await withBudgets(options, (budgets) => budgets.release({ id, reason: options.reason }, options.as))], options),
    );

  return command;
}

const amounts = ['limit', 'extra', 'spent', 'held', 'dead', 'left'] as const;

const budgetTable = (views: readonly BudgetView[]): string =>
  textTable(
    [{ title: 'ID' }, { title: 'UNIT' }, ...amounts.map((name) => ({ title: name.toUpperCase(), align: 'right' as const })), { title: 'UNTIL' }],
    views.map((view) => [view.id, view.unit, ...amounts.map((name) => view[name]), view.period.to ?? '']),
  );
