import type { Facts } from './facts.ts';
import type { Finding } from './finding.ts';
import { proveCallbacks } from './prove-callbacks.ts';
import { provePayments } from './prove-payments.ts';
import { proveTimelines } from './prove-timelines.ts';
import { proveWatchers } from './prove-watchers.ts';

/** Holds what happened against what must hold. Pure; empty when nothing was lost, doubled, left out or mixed up. */
export function prove(facts: Facts): Finding[] {
  return [
    ...provePayments(facts),
    ...proveCallbacks(facts),
    ...proveTimelines(facts),
    ...proveWatchers(facts),
    ...proveLife(facts),
  ];
}

function proveLife({ crashes }: Facts): Finding[] {
  return crashes
    .filter(({ times }) => times > 0)
    .map(({ name, times }) => ({ kind: 'crash', about: name, why: `it ended by itself, times: ${times}` }));
}
