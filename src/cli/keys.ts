import { Command } from 'commander';
import { stringify } from 'yaml';
import { createKeyAdmin, type KeyAdmin, type ShownKey } from '../admin/keys.ts';
import type { KeyView } from '../admin/key-view.ts';
import { asOption, configOption, jsonOption } from './config-option.ts';
import { textTable } from './text-table.ts';
import { terminal, withStore, type Terminal } from './with-store.ts';
import { writtenBudget, writtenLimit } from './written-terms.ts';

interface CommonOptions {
  config: string;
  json?: true;
  as: string;
}

interface CreateOptions extends CommonOptions {
  tenant: string;
  name: string;
  user?: string;
  model?: string[];
  network?: string[];
  limit?: string[];
  budget?: string[];
  expires?: string;
}

/** `remora keys`: virtual keys of the store, whether the gateway runs or not. */
export function keysCommand(say: Terminal = terminal): Command {
  const command = new Command('keys').description('virtual keys: make, list, rotate, disable, delete');
  const sub = (name: string, description: string): Command =>
    command.command(name).description(description).addOption(configOption()).addOption(jsonOption());
  const withKeys = <Result>({ config }: CommonOptions, work: (keys: KeyAdmin) => Promise<Result>): Promise<Result> =>
    withStore(config, say, (tools) => work(createKeyAdmin(tools)));
  const show = (view: KeyView, { json }: CommonOptions): void => say.out(json === true ? inJson(view) : stringify(told(view)));

  sub('create', 'make a key, and show it once')
    .requiredOption('--tenant <name>', 'the tenant that pays')
    .requiredOption('--name <name>', 'what the key is called, for people and rules')
    .option('--user <id>', "the tenant's user or application that it stands for")
    .option('--model <names...>', 'models that it may ask for; all that the tenant may unless given')
    .option('--network <networks...>', 'networks that it may be used from, such as 10.0.0.0/8')
    .option('--limit <limits...>', 'such as requests=600/minute, tokens=200000/minute, concurrent=20; further ,model=NAME ,provider=NAME')
    .option('--budget <budgets...>', 'such as 500/month (dollars) or tokens=1000000/day; further ,model=NAME ,provider=NAME ,grace=5%')
    .option('--expires <when>', 'a moment such as 2027-01-01T00:00:00Z, or a time from now such as 90d')
    .addOption(asOption())
    .action(async (options: CreateOptions) => {
      const made = await withKeys(options, (keys) => keys.create(newKeyOf(options), options.as));
      showOnce(made, options, say);
    });

  sub('list', 'list the keys, with those of the config')
    .option('--tenant <name>', 'of one tenant')
    .action(async (options: CommonOptions & { tenant?: string }) => {
      const views = await withKeys(options, (keys) => keys.list(options.tenant));
      say.out(options.json === true ? inJson(views) : keyTable(views));
    });

  sub('show', 'show a key: what it may, and until when')
    .argument('<id>')
    .action(async (id: string, options: CommonOptions) => show(await withKeys(options, (keys) => keys.find(id)), options));

  sub('rotate', 'give a key another text, and show it once')
    .argument('<id>')
    .option('--overlap <time>', 'for how long the text before stays valid', '24h')
    .addOption(asOption())
    .action(async (id: string, options: CommonOptions & { overlap: string }) => {
      const made = await withKeys(options, (keys) => keys.rotate(id, { overlap: options.overlap }, options.as));
      showOnce(made, options, say);
      if (made.previousUntil !== null) say.err(`The key before it is valid until ${made.previousUntil}.\n`);
    });

  for (const [name, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    sub(name, `${name} a key`)
      .argument('<id>')
      .addOption(asOption())
      .action(async (id: string, options: CommonOptions) => {
        const view = await withKeys(options, (keys) => keys.setDisabled(id, disabled, options.as));
        if (options.json === true) show(view, options);
        else say.out(`${id} is ${name}d.\n`);
      });
  }

  sub('delete', 'delete a key for good')
    .argument('<id>')
    .addOption(asOption())
    .action(async (id: string, options: CommonOptions) => {
      await withKeys(options, (keys) => keys.remove(id, options.as));
      say.out(options.json === true ? inJson({ id, deleted: true }) : `${id} is deleted.\n`);
    });

  return command;
}

const newKeyOf = ({ tenant, name, user, model, network, limit, budget, expires }: CreateOptions): Record<string, unknown> => ({
  tenant,
  name,
  ...(user !== undefined && { user }),
  ...(model !== undefined && { models: model }),
  ...(network !== undefined && { networks: network }),
  ...(limit !== undefined && { limits: limit.map(writtenLimit) }),
  ...(budget !== undefined && { budgets: budget.map(writtenBudget) }),
  ...(expires !== undefined && { expires }),
});

const inJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** What there is to tell of a key: restrictions that it has, moments that have been or will be. */
const told = (view: KeyView): Record<string, unknown> => Object.fromEntries(Object.entries(view).filter(([, value]) => value !== null));

/** The key alone on standard output, so that it can go where secrets go. */
function showOnce(made: ShownKey, { json }: CommonOptions, say: Terminal): void {
  say.out(json === true ? inJson(made) : `${made.key}\n`);
  say.err(`This is the key ${made.id} of ${made.tenant}. It is shown once; store it now.\n`);
}

const keyTable = (views: readonly KeyView[]): string =>
  textTable(
    ['ID', 'NAME', 'TENANT', 'USER', 'STATE', 'SOURCE', 'EXPIRES'].map((title) => ({ title })),
    views.map(({ id, name, tenant, user, state, source, expiresAt }) => [id, name, tenant, user ?? '', state, source, expiresAt ?? '']),
  );
