import type { Context } from './context.ts';
import type { Finding } from './finding.ts';

/** One thing that is looked at. It changes nothing, wherever it looks. */
export type Check = {
  name: string;
  /** The settings it goes by: while one of them is wrong, it would judge what nobody has set. */
  settings: readonly string[];
  /** Checks before it in the table; where one of them has a problem, this one has nothing to look at. */
  after: readonly string[];
  /** Gives one finding at least. What it throws is a fault of the doctor. */
  run(context: Context): Promise<Finding[]> | Finding[];
};
