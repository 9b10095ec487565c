/**
 * How many bits of chance a text can hold at most, by how often its characters repeat. It finds `aaaa…` and
 * `changemechangeme`, and cannot know that a text stands in a book.
 */
export function guessableBits(text: string): number {
  const shortest = shortestPeriod(text);
  const counts = new Map<string, number>();
  for (const character of shortest) counts.set(character, (counts.get(character) ?? 0) + 1);
  const share = (count: number) => count / shortest.length;
  return [...counts.values()].reduce((bits, count) => bits - count * Math.log2(share(count)), 0);
}

/** `abcabcab` says no more than `abc`. */
function shortestPeriod(text: string): string {
  for (let length = 1; length < text.length; length += 1) {
    if (length * 2 <= text.length && text.startsWith(text.slice(length))) return text.slice(0, length);
  }
  return text;
}
