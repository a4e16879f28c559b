import { runCommand } from './command.ts';
import { EnvoyError } from './envoy-error.ts';

/** The version of Envoy that Remora is tested with. */
export const pinnedVersion = '1.40.0';

const [pinnedMajor, pinnedMinor] = [1, 40];

/** What a version of Envoy is to us: the pinned one but for its patch number, an older one, which cannot work, or a newer one, which nobody tried. */
export type VersionVerdict = 'pinned' | 'older' | 'newer';

/** Judges a version such as `1.40.2`. */
export function judgeVersion(version: string): VersionVerdict {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === pinnedMajor && minor === pinnedMinor) return 'pinned';
  return major < pinnedMajor || (major === pinnedMajor && minor < pinnedMinor) ? 'older' : 'newer';
}

/**
 * The version that an Envoy binary names, such as `1.40.0`.
 * @throws EnvoyError where it cannot be run or is no Envoy.
 */
export async function envoyVersion(binary: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(binary, ['--version']).catch((cause: unknown) => {
    throw new EnvoyError(`${binary} cannot be run on this system (${String(cause)}).`, { cause });
  });
  const version = /\/(\d+\.\d+\.\d+)[^/]*\//.exec(stdout)?.[1]; // <commit>/1.40.0/Clean/RELEASE/BoringSSL
  if (code !== 0 || version === undefined)
    throw new EnvoyError(`${binary} does not answer --version as Envoy does (${(stderr || stdout).trim().slice(0, 200) || `exit code ${code}`}).`);
  return version;
}
