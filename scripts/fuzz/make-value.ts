import type { Random } from '../../src/commands/crash-test/random.ts';

const texts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00\ud800',
  '🦁',
  '\u202eabc',
  '\r\n{"level":60}',
  '\u001b[31m',
  "' or '1'='1",
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '%00%0a',
  '254712345678',
  'VHJhbnNhY3Rpb246MDE5MmYwYzEtMmYzYS03MDAwLTgwMDAtMDAwMDAwMDAwMDAw',
  '__proto__',
  'NaN',
  '1e309',
] as const;

export function makeText(random: Random): string {
  if (random.below(20) === 0) return 'x'.repeat(random.below(20_000));
  if (random.below(4) === 0)
    return String.fromCharCode(...Array.from({ length: random.below(30) }, () => random.below(0x1_0000)));
  return random.pick(texts);
}

const plain = [null, true, false, 0, -1, 1.5, 2 ** 31, -(2 ** 31) - 1, 1e300, 100] as const;

/** Any JSON. */
export function makeValue(random: Random, depth = 4): unknown {
  const kind = random.below(depth > 0 ? 6 : 3);
  if (kind < 2) return random.pick(plain);
  if (kind === 2) return makeText(random);
  const count = random.below(5);
  if (kind === 3) return Array.from({ length: count }, () => makeValue(random, depth - 1));
  if (kind === 4) return nested(random.below(2_000));
  return Object.fromEntries(
    Array.from({ length: count }, () => [makeText(random), makeValue(random, depth - 1)]),
  );
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** JSON, mostly, and sometimes broken. */
export function makeJson(random: Random, value: unknown = makeValue(random)): string {
  const json = JSON.stringify(value);
  if (random.below(5) > 0) return json;
  const at = random.below(json.length + 1);
  return (
    json.slice(0, at) +
    random.pick(['', ',', '}', '"', '\0', '\\u', '__proto__']) +
    json.slice(at + random.below(3))
  );
}
