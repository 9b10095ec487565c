import { callbacks } from './work/callbacks.ts';
import { growth } from './work/growth.ts';
import { initiate } from './work/initiate.ts';
import { latency } from './work/latency.ts';
import { query } from './work/query.ts';
import { soak } from './work/soak.ts';
import { start } from './work/start.ts';
import { watchers } from './work/watchers.ts';
import type { Work } from './work.ts';

/** All that is measured, in this order. */
export const works: readonly Work[] = [callbacks, query, initiate, latency, watchers, growth, start, soak];
