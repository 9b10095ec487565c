import type { LoadJob, LoadResult } from './load/job.ts';
import type { LoadGenerator } from './load/start-load.ts';
import { cpuSecondsOf, memoryOf } from './machine/process-usage.ts';

/** One subject under load for a while. Times of the CPU are per answered request. */
export type Stint = {
  load: LoadResult;
  perSecond: number;
  serverMicros: number;
  /** Of PostgreSQL's processes; null where there is none. */
  databaseMicros: number | null;
  loadMicros: number;
  memoryMb: number;
};

export type Measured = {
  /** The server's process. */
  pid: number;
  databaseCpuSeconds: (() => Promise<number>) | null;
};

/** Throws when anything was answered wrongly: a rate of wrong answers is worth nothing. */
export async function measureStint(
  generator: LoadGenerator,
  job: LoadJob,
  { pid, databaseCpuSeconds }: Measured,
): Promise<Stint> {
  const read = async () => ({
    server: cpuSecondsOf(pid) ?? 0,
    database: (await databaseCpuSeconds?.()) ?? null,
  });
  let before = { server: 0, database: null as number | null };
  let after = before;
  const load = await generator.run(job, {
    before: async () => void (before = await read()),
    after: async () => void (after = await read()),
  });
  if (load.faultCount > 0)
    throw new Error(`${load.faultCount} answers were wrong: ${load.faults.join('\n')}`);
  const micros = (seconds: number) => (seconds * 1e6) / load.ok;
  return {
    load,
    perSecond: load.ok / load.seconds,
    serverMicros: micros(after.server - before.server),
    databaseMicros:
      before.database === null || after.database === null ? null : micros(after.database - before.database),
    loadMicros: micros(load.cpuSeconds),
    memoryMb: memoryOf(pid)?.nowMb ?? Number.NaN,
  };
}
