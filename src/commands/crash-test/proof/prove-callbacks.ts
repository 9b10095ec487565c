import { isFinal } from './final-statuses.ts';
import type { CallbackPost, Facts, Kept, Saying, Stored } from './facts.ts';
import type { Finding } from './finding.ts';

/** Every callback that was answered with success is kept, and its payment shows what it said. */
export function proveCallbacks({ posts, sayings, stored, kept }: Facts): Finding[] {
  const answered = posts.filter(({ status }) => status === 200);
  return [
    ...proveTaken(posts),
    ...proveKept(answered, kept),
    ...proveSettled(answered, sayings, stored),
    ...proveReceipts(posts, sayings, stored),
  ];
}

/** Database or spool, a genuine callback is always taken by a process that answers at all. */
function proveTaken(posts: readonly CallbackPost[]): Finding[] {
  return posts.flatMap((post): Finding[] => {
    if (post.status === null || post.status === 200) return [];
    return [{ kind: 'lost', about: placeOf(post), why: `a genuine callback was answered ${post.status}` }];
  });
}

type Placed = { transactionId: string | null; attempt: number | null; hash: string };
const placeOf = ({ transactionId, attempt, hash }: Placed): string =>
  `${transactionId ?? 'none'} attempt ${attempt ?? 'none'} body ${hash}`;

/** A post that had no answer may have been kept as well, so there may be more than were answered; never fewer. */
function proveKept(answered: readonly CallbackPost[], kept: readonly Kept[]): Finding[] {
  const times = new Map<string, number>();
  for (const one of kept) times.set(placeOf(one), (times.get(placeOf(one)) ?? 0) + one.times);
  return [...Map.groupBy(answered, placeOf)].flatMap(([place, { length }]): Finding[] => {
    const known = times.get(place) ?? 0;
    if (known >= length) return [];
    const why = `${length} posts of this callback were answered with success, ${known} are kept`;
    return [{ kind: 'lost', about: place, why }];
  });
}

function proveSettled(
  answered: readonly CallbackPost[],
  sayings: ReadonlyMap<string, Saying>,
  stored: readonly Stored[],
): Finding[] {
  const rows = new Map(stored.map((row) => [row.id, row]));
  const byPayment = Map.groupBy(answered, ({ transactionId }) => transactionId);
  return [...byPayment].flatMap(([id, posts]): Finding[] => {
    const row = rows.get(id);
    if (row === undefined) {
      return [{ kind: 'lost', about: id, why: 'a callback for it was answered, and it is not stored' }];
    }
    const hashes = new Set(posts.map(({ hash }) => hash));
    const said = [...hashes].flatMap((hash) => sayings.get(hash) ?? []);
    const why = contradiction(row, said);
    return why === null ? [] : [{ kind: 'lost', about: `${row.key} (${id})`, why }];
  });
}

/** What the row fails to show of what was said of it; null when it shows all. */
function contradiction({ status, receipt }: Stored, said: readonly Saying[]): string | null {
  const receipts = said.flatMap((saying) => (saying.kind === 'paid' ? [saying.receipt] : []));
  if (receipts.length > 0) {
    if (status !== 'COMPLETED') return `a callback said that it was paid, and it is ${status}`;
    if (receipt === null) return `a callback gave the receipt ${receipts.join(', ')}, and it has none`;
  }
  const hasFailed = said.some(({ kind }) => kind === 'failed');
  return hasFailed && !isFinal(status) ? `a callback said that it failed, and it is ${status}` : null;
}

/** A receipt may come from a post whose answer was lost; it may not come from nowhere. */
function proveReceipts(
  posts: readonly CallbackPost[],
  sayings: ReadonlyMap<string, Saying>,
  stored: readonly Stored[],
): Finding[] {
  const given = new Map<string, Set<string>>();
  for (const { transactionId, hash } of posts) {
    const saying = sayings.get(hash);
    if (saying?.kind !== 'paid') continue;
    given.set(transactionId, (given.get(transactionId) ?? new Set()).add(saying.receipt));
  }
  return stored.flatMap(({ id, key, receipt }): Finding[] => {
    const receipts = given.get(id) ?? new Set();
    if (receipt === null || receipts.has(receipt)) return [];
    const why = `it has the receipt ${receipt}, and callbacks gave ${[...receipts].join(', ') || 'none'}`;
    return [{ kind: 'wrong', about: `${key} (${id})`, why }];
  });
}
