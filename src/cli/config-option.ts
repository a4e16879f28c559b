import { Option } from 'commander';

/** `--config FILE`, as every command has it that reads a config. */
export const configOption = (): Option => new Option('-c, --config <file>', 'the config file').default('remora.yaml');

/** `--json`, for scripts. */
export const jsonOption = (): Option => new Option('--json', 'print JSON');

/** `--as NAME`, for the audit. */
export const asOption = (): Option => new Option('--as <name>', 'who does it, for the audit').default('cli');
