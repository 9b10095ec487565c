import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, type TestDatabase } from '../support/test-database.ts';
import { differenceToSchema } from '../../scripts/schema-difference.ts';

it('the migrations say what prisma/schema.prisma says', async () => {
  expect(await differenceToSchema()).toBeNull();
});

describe.each(databases)('an open database ($name)', ({ available, open }) => {
  describe.skipIf(!available)('from the template', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database[Symbol.asyncDispose]());

    it('has every table and no payment', async () => {
      expect(await database.prisma.transaction.count()).toBe(0);
    });
  });
});
