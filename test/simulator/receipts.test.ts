import { expect, it } from 'vitest';
import { Receipts } from '../../src/simulator/payer/receipts.ts';

it('gives receipts that look like those of the day and never repeats one', () => {
  const receipts = new Receipts();
  const at = new Date('2022-07-21T09:42:13Z');
  const given = Array.from({ length: 100_000 }, () => receipts.next(at));
  expect(new Set(given).size).toBe(given.length);
  // As in QGL1TRVFVX, a real one of that day.
  for (const receipt of given) expect(receipt).toMatch(/^QGL[0-9A-Z]{7}$/);
});
