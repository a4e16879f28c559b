import { readFileSync } from 'node:fs';

/** Units of /proc: clock ticks are 100 a second on every Linux that Node runs on (`getconf CLK_TCK`), pages 4 KiB on most (`getconf PAGESIZE`). */
const msPerTick = 10;

/** CPU time that a process and its threads have taken, in milliseconds (proc(5): utime and stime of /proc/PID/stat). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may hold anything
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** Resident memory in MiB (proc(5): VmRSS of /proc/PID/status). */
export function rssMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
