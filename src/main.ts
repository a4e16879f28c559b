import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { budgetsCommand } from './cli/budgets.ts';
import { configOption } from './cli/config-option.ts';
import type { PrintEnvoyOptions } from './cli/envoy.ts';
import { keysCommand } from './cli/keys.ts';
import type { ServeOptions } from './cli/serve.ts';
import type { UpOptions } from './cli/up.ts';
import { UserError } from './cli/user-error.ts';
import { usageCommand } from './cli/usage.ts';
import { ConfigError } from './config/problem.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const clustersOption = (description: string): Option => new Option('--clusters <file>', description);
const adminOption = (description: string): Option => new Option('--envoy-admin <address>', description);

// What a command needs is loaded when it runs: a gateway takes a second of CPU, which nobody shall wait for who asks for help.
const program = new Command('remora')
  .description('An LLM gateway beside Envoy.')
  .version(version)
  .showHelpAfterError('(remora --help lists the commands)');

program
  .command('up')
  .description('run Envoy and Remora together; a changed config comes into force by itself, or at once on SIGHUP')
  .addOption(configOption())
  .option('--envoy <path>', 'the Envoy binary; otherwise $ENVOY, the PATH, an installed Python package, or one installed into .remora/')
  .option('--demo', 'loopback only, with a generated key, and built-in demo providers in place of those whose key is not set')
  .option('--processes <number>', 'how many sidecar processes share the work, 1 to 64', '1')
  .option('--drain-timeout <seconds>', 'how long running answers may take to finish when stopped', '30')
  .action(async (options: UpOptions) => (await import('./cli/up.ts')).up(options));

program
  .command('serve')
  .description('run only the ext_proc service, for an Envoy of your own; a changed config comes into force by itself where Envoy has the clusters')
  .addOption(configOption())
  .option('-l, --listen <address>', 'unix:/path or host:port of the ext_proc service', 'unix:/run/remora/extproc.sock')
  .addOption(clustersOption('the file of clusters that Envoy watches: it is written at the start and when providers change'))
  .addOption(adminOption('where Envoy says which clusters it has: unix:/path or host:port; with --clusters'))
  .option('--processes <number>', 'how many processes share the work, 1 to 64; the second listens at extproc.1.sock, or at the next port', '1')
  .option('--drain-timeout <seconds>', 'how long running exchanges may take to finish when stopped', '30')
  .action(async (options: ServeOptions) => (await import('./cli/serve.ts')).serve(options));

program
  .command('envoy')
  .description('print the Envoy bootstrap for a config')
  .addOption(configOption())
  .option('-l, --listen <address>', 'where the ext_proc service will listen: unix:/path or host:port', 'unix:/run/remora/extproc.sock')
  .option('--processes <number>', 'how many sidecar processes there will be, as with remora serve', '1')
  .addOption(clustersOption('have Envoy watch a file of clusters, as given to remora serve, instead of naming them'))
  .addOption(adminOption("where Envoy's admin interface shall be: unix:/path or host:port; nobody but Remora must reach it"))
  .option('-o, --output <file>', 'write it there instead of printing it')
  .action(async (options: PrintEnvoyOptions) => (await import('./cli/envoy.ts')).printEnvoy(options));

program
  .command('check')
  .description('check a config file')
  .addOption(configOption())
  .action(async (options: { config: string }) => (await import('./cli/check.ts')).check(options));

program.addCommand(keysCommand()).addCommand(usageCommand()).addCommand(budgetsCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError) && !(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
