/** Collects the hints that are given to watchers. */
export function collectHints() {
  const hints: string[][] = [];
  return { hints, announce: (ids: readonly string[]) => void hints.push([...ids]) };
}
