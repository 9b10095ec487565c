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
  expect(watchers.watched().sort()).toEqual(['a', 'b']);
});

it('forgets a payment with its last watcher', () => {
  const watchers = createWatchers();
  const stops = [createWatcher(), createWatcher()].map(({ watcher }) => watchers.add('a', watcher));
  stops[0]?.();
  expect(watchers.watched()).toEqual(['a']);
  stops[1]?.();
  expect(watchers.watched()).toEqual([]);
});

it('takes a watcher away once, whatever was added since', () => {
  const watchers = createWatchers();
  const stop = watchers.add('a', createWatcher().watcher);
  stop();
  watchers.add('a', createWatcher().watcher);
  stop();
  expect(watchers.watched()).toEqual(['a']);
});

it('lets a watcher leave while it is woken', () => {
  const watchers = createWatchers();
  const last = createWatcher();
  const stop = watchers.add('a', { sequence: () => 0, wake: () => stop() });
  watchers.add('a', last.watcher);
  watchers.wake(['a']);
  expect(last.woken.times).toBe(1);
});
