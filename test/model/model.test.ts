import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { ensureFixedClients } from '../../src/access/fixed-clients.ts';
import type { Database, DatabaseAccess } from '../../src/database/database.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { databases, postgresAt, type TestDatabase } from '../support/test-database.ts';
import { story } from './operations.ts';
import { Run } from './run.ts';

// MODEL_RUNS: how many stories. MODEL_SEED and MODEL_PATH: those that a failure printed. MODEL_SHRINK: look for the
// shortest story that fails, which takes minutes.
const runs = Number(process.env['MODEL_RUNS'] ?? 40);
const seed = process.env['MODEL_SEED'] === undefined ? {} : { seed: Number(process.env['MODEL_SEED']) };
const path = process.env['MODEL_PATH'] === undefined ? {} : { path: process.env['MODEL_PATH'] };

for (const { name, available, open } of databases) {
  describe.skipIf(!available)(`payments in two processes (${name})`, () => {
    let database: TestDatabase;
    let other: Database | null = null;
    let processes: readonly [DatabaseAccess, DatabaseAccess];
    beforeAll(async () => {
      database = await open();
      other = database.url ? await openDatabase(postgresAt(database.url)) : null;
      processes = [database, other ?? database];
      await ensureFixedClients(database.prisma);
    });
    afterAll(async () => {
      await other?.[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    });

    it(
      'end as the rules say, for some serial order of what happened at once',
      async () => {
        await fc.assert(
          fc.asyncProperty(story, async (steps) => {
            await using run = await Run.begin(processes);
            for (const step of steps) await run.live(step);
            await run.end();
          }),
          { numRuns: runs, ...seed, ...path, ...(process.env['MODEL_SHRINK'] ? {} : { endOnFailure: true }) },
        );
      },
      60_000 + runs * 1_000,
    );
  });
}
