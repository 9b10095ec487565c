/** When to ask again after an answer that settled nothing. */
export type NextLook = { rung: number; pauseMs: number | null; stillOpen: boolean };

const dayMs = 86_400_000;
/** After the ladder a payment is asked about once a day, this often. */
const dailyLooks = 7;

/** `rung` is how many answers there have been before this one; `ladderMs[0]` led to the first. */
export function nextLook(ladderMs: readonly number[], rung: number): NextLook {
  const answers = rung + 1;
  const pause = ladderMs[answers];
  if (pause !== undefined) return { rung: answers, pauseMs: pause, stillOpen: false };
  return { rung: answers, pauseMs: answers < ladderMs.length + dailyLooks ? dayMs : null, stillOpen: true };
}

/** The pause that led to this rung: it is kept when a question had no answer. */
export function samePause(ladderMs: readonly number[], rung: number): number {
  // Beyond the last daily look only a person asks, and waits for the answer.
  const isAskedByPerson = rung >= ladderMs.length + dailyLooks;
  return (isAskedByPerson ? ladderMs[0] : ladderMs[rung]) ?? dayMs;
}
