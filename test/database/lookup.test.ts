import { expect, it } from 'vitest';
import { createLookup } from '../../src/database/lookup.ts';

it('asks once for all who ask while a statement is under way, and once for each key', async () => {
  const asked: (readonly string[])[] = [];
  const find = async (keys: readonly string[]) => {
    asked.push(keys);
    return keys.map((key) => ({ key }));
  };
  const lookup = createLookup(find, ({ key }) => key);
  const first = lookup('a');
  await Promise.all([first, lookup('a'), lookup('b')]);
  expect(asked).toEqual([['a', 'b']]);
});

it('fails for those whose statement failed, and for nobody after them', async () => {
  let fails = true;
  const find = async (keys: readonly string[]) => {
    if (fails) throw new Error('away');
    return keys.map((key) => ({ key }));
  };
  const lookup = createLookup(find, ({ key }) => key);
  const answers = await Promise.allSettled([lookup('a'), lookup('b')]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await lookup('a')).toEqual({ key: 'a' });
});
