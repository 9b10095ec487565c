import type { Machine } from '../support/machine/describe-machine.ts';
import type { WorkResult } from '../work.ts';

/** A work's result, with when and on what it was measured. */
export type Result = WorkResult & {
  work: string;
  summary: string;
  date: string;
  commit: string;
  rounds: number;
  seconds: number;
  machine: Machine;
};
