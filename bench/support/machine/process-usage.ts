import { readFileSync } from 'node:fs';

/** Linux counts the time of a process in hundredths of a second, whatever the kernel ticks with. */
const ticksPerSecond = 100;

/** What a process has used until now, in all its threads; null when there is no such process any longer. */
export function cpuSecondsOf(pid: number): number | null {
  const stat = read(pid, 'stat');
  if (stat === null) return null;
  // Its name, in brackets, may hold spaces: the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export type Memory = { nowMb: number; peakMb: number };

export function memoryOf(pid: number): Memory | null {
  const status = read(pid, 'status');
  if (status === null) return null;
  return { nowMb: megabytes(status, 'VmRSS'), peakMb: megabytes(status, 'VmHWM') };
}

function megabytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}

function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return null;
  }
}
