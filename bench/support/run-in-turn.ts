import type { Stint } from './measure-stint.ts';

export type Measure = (seconds: number) => Promise<Stint>;

/** A B A B …: whatever else the machine does meets each of them alike. By name, a stint of each round. */
export async function runInTurn<Subjects extends { [name: string]: Measure | undefined }>(
  subjects: Subjects,
  seconds: number,
  rounds: number,
  tell: (text: string) => void,
): Promise<{ [Name in keyof Subjects]: Stint[] }> {
  const stints: { [name: string]: Stint[] } = Object.fromEntries(
    Object.keys(subjects).map((name) => [name, []]),
  );
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, measure] of Object.entries(subjects)) {
      const stint = await measure?.(seconds);
      if (stint === undefined) continue;
      stints[name]?.push(stint);
      tell(`round ${round} of ${rounds}: ${name}: ${Math.round(stint.perSecond)}/s`);
    }
  }
  return stints as { [Name in keyof Subjects]: Stint[] };
}
