import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../src/lib/batcher.ts';

/** Remembers its batches, and goes on with each only when told to. */
function steps() {
  const batches: (readonly number[])[] = [];
  const going: (() => void)[] = [];
  const process = async (items: readonly number[]) => {
    batches.push(items);
    await new Promise<void>((resolve) => going.push(resolve));
    return items.map((item) => item * 10);
  };
  return { batches, process, goOn: () => going.shift()?.() };
}

const double = (items: readonly number[]) => Promise.resolve(items.map((item) => item * 2));

describe('a batcher', () => {
  it('takes what comes in one turn of the event loop together, and waits for no more', async () => {
    const { batches, process } = steps();
    const batcher = createBatcher(process, { sizeMax: 10 });
    for (const item of [1, 2]) void batcher.add(item);
    await nextTurn();
    expect(batches).toEqual([[1, 2]]);
  });

  it('hands what comes while a batch is under way to the next one', async () => {
    const { batches, process, goOn } = steps();
    const batcher = createBatcher(process, { sizeMax: 10 });
    const first = batcher.add(1);
    await nextTurn();
    const results = [first, batcher.add(2), batcher.add(3)];
    goOn();
    await first;
    await expect.poll(() => batches).toEqual([[1], [2, 3]]);
    goOn();
    expect(await Promise.all(results)).toEqual([10, 20, 30]);
  });

  it('makes no batch larger than it may be', async () => {
    const sizes: number[] = [];
    const batcher = createBatcher(
      (items: readonly number[]) => double(items).finally(() => sizes.push(items.length)),
      { sizeMax: 3 },
    );
    await Promise.all(Array.from({ length: 8 }, (_, item) => batcher.add(item)));
    expect(Math.max(...sizes)).toBe(3);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(8);
  });

  it('gives each its own result, in a crowd', async () => {
    const batcher = createBatcher(double, { sizeMax: 7 });
    const results = await Promise.all(Array.from({ length: 100 }, (_, item) => batcher.add(item)));
    expect(results).toEqual(Array.from({ length: 100 }, (_, item) => item * 2));
  });

  it('tries the items of a failing batch one by one, so that one bad item costs nobody else anything', async () => {
    const tried: (readonly number[])[] = [];
    const batcher = createBatcher(
      async (items: readonly number[]) => {
        tried.push(items);
        if (items.includes(3)) throw new Error('3 is bad');
        return items;
      },
      { sizeMax: 10 },
    );
    const settled = await Promise.allSettled([1, 2, 3, 4].map((item) => batcher.add(item)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(tried).toEqual([[1, 2, 3, 4], [1], [2], [3], [4]]);
  });

  it('leaves out those who have left when their turn comes', async () => {
    const { batches, process, goOn } = steps();
    const batcher = createBatcher(process, { sizeMax: 10 });
    const first = batcher.add(1);
    await nextTurn();
    let isWanted = true;
    const left = expect(batcher.add(2, () => isWanted)).rejects.toThrow('Nobody waits');
    const stays = batcher.add(3);
    isWanted = false;
    goOn();
    await first;
    await expect.poll(() => batches).toEqual([[1], [3]]);
    goOn();
    expect(await stays).toBe(30);
    await left;
  });

  it('goes on after a failure', async () => {
    let fails = true;
    const batcher = createBatcher(
      async (items: readonly number[]) => {
        if (fails) throw new Error('away');
        return items;
      },
      { sizeMax: 10 },
    );
    await expect(batcher.add(1)).rejects.toThrow('away');
    fails = false;
    expect(await batcher.add(2)).toBe(2);
  });

  it('rejects an item that got no result', async () => {
    const batcher = createBatcher(() => Promise.resolve([]), { sizeMax: 10 });
    await expect(batcher.add(1)).rejects.toThrow('no result');
  });
});

it('has as many batches under way as it may, and hands them what has waited longest', async () => {
  const goOn = Promise.withResolvers<undefined>();
  const batches: (readonly number[])[] = [];
  const batcher = createBatcher(
    async (items: readonly number[]) => {
      batches.push(items);
      await goOn.promise;
      return items;
    },
    { sizeMax: 2, atOnce: 2 },
  );
  const results = Promise.all([1, 2, 3, 4, 5].map((item) => batcher.add(item)));
  await expect
    .poll(() => batches)
    .toEqual([
      [1, 2],
      [3, 4],
    ]);
  goOn.resolve(undefined);
  expect(await results).toEqual([1, 2, 3, 4, 5]);
  expect(batches).toHaveLength(3);
});
