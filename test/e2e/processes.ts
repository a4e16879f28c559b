import { execFileSync } from 'node:child_process';

/** A process as `ps` lists it. */
export interface Process {
  pid: number;
  parent: number;
  group: number;
  command: string;
}

/** All processes that are no zombies. */
function processes(): Process[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,pgid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, group, state = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), group: Number(group), command }];
  });
}

/** The processes that a process has started, and those that they have, as far as they still have their parent. */
export function descendants(pid: number): Process[] {
  const all = processes();
  const below = (parent: number): Process[] => all.flatMap((each) => (each.parent === parent ? [each, ...below(each.pid)] : []));
  return below(pid);
}

/** The sidecar of a running `remora up`. */
export const sidecarOf = (pid: number): Process => theOne(pid, / serve --config /);

/** All of them by their number, where it runs several. */
export const sidecarsOf = (pid: number): Map<number, Process> =>
  new Map(
    descendants(pid)
      .filter((each) => each.parent === pid && each.command.includes(' serve --config '))
      .map((each) => [Number(/extproc\.(\d+)\.sock/.exec(each.command)?.[1] ?? 0), each]),
  );

/** Its Envoy. */
export const envoyOf = (pid: number): Process => theOne(pid, /envoy\S* -c /);

function theOne(pid: number, command: RegExp): Process {
  const [one, ...more] = descendants(pid).filter((each) => each.parent === pid && command.test(each.command));
  if (one === undefined || more.length > 0)
    throw new Error(`${more.length + Number(one !== undefined)} processes of ${pid} match ${String(command)}`);
  return one;
}

/** Those of these processes that still run. */
export function alive(watched: readonly Process[]): Process[] {
  const running = new Map(processes().map((each) => [each.pid, each.command]));
  return watched.filter(({ pid, command }) => running.get(pid) === command);
}

/** Memory of a process that is in use, in bytes. */
export const memoryOf = (pid: number): number => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
