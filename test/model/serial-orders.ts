import { hear, type Word, type World } from './rules.ts';

/** A word about a payment. One that arrives has an id, by which it is known when it is delivered again. */
export type Heard = { payment: number; word: Word; arrival: string | null };

/** A world, and what was answered to each arrival that is stored. */
export type Belief = World & { verdicts: Record<string, string> };

/** Every world that some serial order of batches can lead to, the words of each batch in any order too. */
export function afterAnyOrder(beliefs: readonly Belief[], batches: readonly (readonly Heard[])[]): Belief[] {
  return inAnyOrder(beliefs, batches, (before, batch) =>
    inAnyOrder(before, batch, (belief, heard) => belief.map((world) => afterWord(world, heard))),
  );
}

/**
 * Goes from set to set of what has been heard, and not from order to order: two orders of one set that lead to the same
 * world have the same future.
 */
function inAnyOrder<Item>(
  beliefs: readonly Belief[],
  items: readonly Item[],
  after: (beliefs: readonly Belief[], item: Item) => Belief[],
): Belief[] {
  const all = 2 ** items.length - 1;
  let reached = new Map([[0, distinct(beliefs)]]);
  while (!reached.has(all)) {
    const next = new Map<number, Belief[]>();
    for (const [set, worlds] of reached) {
      for (const [index, item] of items.entries()) {
        const larger = set | (1 << index);
        if (larger !== set) next.set(larger, distinct([...(next.get(larger) ?? []), ...after(worlds, item)]));
      }
    }
    reached = next;
  }
  return reached.get(all) ?? [];
}

/** The same arrival twice has one effect. */
function afterWord(belief: Belief, { payment, word, arrival }: Heard): Belief {
  if (arrival !== null && belief.verdicts[arrival] !== undefined && leavesEvidence(word)) return belief;
  const { world, verdict } = hear(belief, payment, word);
  const verdicts = arrival === null ? belief.verdicts : { ...belief.verdicts, [arrival]: verdict };
  return { ...world, verdicts };
}

/** A query that says "not yet" may be heard twice without harm, and is not kept. */
function leavesEvidence(word: Word): boolean {
  return word.kind !== 'query' || word.code !== null;
}

function distinct(beliefs: readonly Belief[]): Belief[] {
  return [...new Map(beliefs.map((belief) => [canonical(belief), belief])).values()];
}

function canonical({ payments, holders, verdicts }: Belief): string {
  return JSON.stringify([payments, Object.entries(holders).sort(), Object.entries(verdicts).sort()]);
}
