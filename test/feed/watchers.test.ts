import { expect, it } from 'vitest';
import { createWatchers } from '../../src/feed/watchers.ts';

/** A watcher that counts how often it is woken. */
function createWatcher(sequence = 1) {
  const woken = { times: 0 };
  return { woken, watcher: { sequence: () => sequence, wake: () => void (woken.times += 1) } };
}

it('wakes every watcher of the payments that are named, and no other', () => {
  const watchers = createWatchers();
  const [one, two, other] = [createWatcher(), createWatcher(), createWatcher()];
  watchers.add('a', one.watcher);
  watchers.add('a', two.watcher);
  watchers.add('b', other.watcher);
  watchers.wake(['a', 'nobody']);
  expect([one, two, other].map(({ woken }) => woken.times)).toEqual([1, 1, 0]);
});

it('wakes those that know less than is there', () => {
  const watchers = createWatchers();
  const [behind, upToDate] = [createWatcher(1), createWatcher(2)];
  watchers.add('a', behind.watcher);
  watchers.add('a', upToDate.watcher);
  watchers.wakeBehind([{ id: 'a', sequence: 2, isFinal: false }]);
  expect([behind, upToDate].map(({ woken }) => woken.times)).toEqual([1, 0]);
});

it('wakes those who wait for changes that will not come', () => {
  const watchers = createWatchers();
  const ahead = createWatcher(9);
  watchers.add('a', ahead.watcher);
  watchers.wakeBehind([{ id: 'a', sequence: 3, isFinal: false }]);
  expect(ahead.woken.times).toBe(0);
  watchers.wakeBehind([{ id: 'a', sequence: 3, isFinal: true }]);
  expect(ahead.woken.times).toBe(1);
});

it('says what is watched, each payment once', () => {
  const watchers = createWatchers();
  watchers.add('a', createWatcher().watcher);
  watchers.add('a', createWatcher().watcher);
  watchers.add('b', createWatcher().watcher);
  expect(watchers.known().ids.sort()).toEqual(['a', 'b']);
});

it('forgets a payment with its last watcher', () => {
  const watchers = createWatchers();
  const [one, two] = [createWatcher().watcher, createWatcher().watcher];
  watchers.add('a', one);
  watchers.add('a', two);
  watchers.remove('a', one);
  expect(watchers.known().ids).toEqual(['a']);
  watchers.remove('a', two);
  expect(watchers.known().ids).toEqual([]);
});

it('takes a watcher away once, whatever was added since', () => {
  const watchers = createWatchers();
  const { watcher } = createWatcher();
  watchers.add('a', watcher);
  watchers.remove('a', watcher);
  watchers.add('a', createWatcher().watcher);
  watchers.remove('a', watcher);
  expect(watchers.known().ids).toEqual(['a']);
});

it('lets a watcher leave while it is woken', () => {
  const watchers = createWatchers();
  const last = createWatcher();
  const leaving = { sequence: () => 0, wake: () => watchers.remove('a', leaving) };
  watchers.add('a', leaving);
  watchers.add('a', last.watcher);
  watchers.wake(['a']);
  expect(last.woken.times).toBe(1);
});

it('says the least that is known of each payment', () => {
  const watchers = createWatchers();
  watchers.add('a', createWatcher(3).watcher);
  watchers.add('a', createWatcher(2).watcher);
  watchers.add('b', createWatcher(7).watcher);
  expect(watchers.known()).toEqual({ ids: ['a', 'b'], sequences: [2, 7] });
});
