import { callbacks } from './work/callbacks.ts';
import { initiate } from './work/initiate.ts';
import { query } from './work/query.ts';
import type { Work } from './work.ts';

/** All that is measured, in this order. */
export const works: readonly Work[] = [callbacks, query, initiate];
