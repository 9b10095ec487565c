import { hear, type Word, type World } from './rules.ts';

/** A word about a payment. One that arrives has an id, by which it is known when it is delivered again. */
export type Heard = { payment: number; word: Word; arrival: string | null };

/** A world, and what was answered to each arrival that is stored. */
export type Belief = World & { verdicts: Record<string, string> };

/** Every world that some serial order of batches can lead to, the words of each batch in any order too. */
export function afterAnyOrder(beliefs: readonly Belief[], batches: readonly (readonly Heard[])[]): Belief[] {
  const after = beliefs.flatMap((belief) =>
    permutations(batches).flatMap((order) =>
      order.reduce(
        (worlds, batch) => distinct(worlds.flatMap((world) => afterBatch(world, batch))),
        [belief],
      ),
    ),
  );
  return distinct(after);
}

function afterBatch(belief: Belief, batch: readonly Heard[]): Belief[] {
  return permutations(batch).map((order) => order.reduce(afterWord, belief));
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

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((others) => [item, ...others]),
  );
}
