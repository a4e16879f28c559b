import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** The server, where its code is, and those of its libraries that a machine may lack. */
const packages = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'];

/** Redis, unpacked from Debian's packages into a folder of ours: no root is needed, and nothing of it runs by itself. Returns what there is to say. */
export function installRedis(folder: string): string {
  const onPath = spawnSync('redis-server', ['--version']);
  if (onPath.status === 0) return `Redis: ${onPath.stdout.toString().trim()}`;

  const home = resolve(folder, 'redis');
  const installed = spawnSync(join(home, 'redis-server'), ['--version']);
  if (installed.status === 0) return `Redis: ${join(home, 'redis-server')}`;

  const workshop = mkdtempSync(join(tmpdir(), 'remora-redis-'));
  try {
    unpack(workshop);
    place(join(workshop, 'root'), home);
    execFileSync(join(home, 'redis-server'), ['--version'], { stdio: 'pipe' });
    return `Redis: ${join(home, 'redis-server')}`;
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    return `Redis: not installed, since Debian's packages are not to be had here (${reason}). Tests of sharing through Redis will be skipped; put redis-server on the PATH for them.`;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** Fetches the packages that Debian offers for this release and unpacks them below `root`. Where apt knows of none, it learns of them in a folder of its own. */
function unpack(workshop: string): void {
  const apt = (...parameters: string[]): Buffer => execFileSync('apt-get', parameters, { cwd: workshop, stdio: 'pipe' });
  try {
    apt('download', ...packages);
  } catch {
    mkdirSync(join(workshop, 'state/lists/partial'), { recursive: true });
    mkdirSync(join(workshop, 'cache/archives/partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${join(workshop, 'state/lists')}`, '-o', `Dir::Cache=${join(workshop, 'cache')}`];
    apt(...own, 'update');
    apt(...own, 'download', ...packages);
  }
  for (const name of readdirSync(workshop).filter((file) => file.endsWith('.deb'))) {
    execFileSync('dpkg', ['-x', join(workshop, name), join(workshop, 'root')], { stdio: 'pipe' });
  }
}

/** Puts the server, its libraries and a script that starts the one with the others where they stay. */
function place(root: string, home: string): void {
  const next = `${home}.new`;
  rmSync(next, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
  for (const part of ['bin', 'lib']) mkdirSync(join(next, part), { recursive: true });
  // Debian's redis-server is a link to this: the program goes by the name that it is started with.
  copyFileSync(join(root, 'usr/bin/redis-check-rdb'), join(next, 'bin/redis-server'));
  for (const library of librariesIn(join(root, 'usr/lib'))) copyFileSync(library, join(next, 'lib', basename(library)));
  const script = '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nLD_LIBRARY_PATH="$here/lib" exec "$here/bin/redis-server" "$@"\n';
  writeFileSync(join(next, 'redis-server'), script);
  chmodSync(join(next, 'redis-server'), 0o755);
  mkdirSync(dirname(home), { recursive: true });
  renameSync(next, home);
}

const librariesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.so\.\d+$/.test(path))
    .map((path) => join(folder, path));
