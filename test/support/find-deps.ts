import type { DatabaseAccess } from '../../src/database/database.ts';
import { createClientPages } from '../../src/transactions/client-pages.ts';
import type { FindDeps } from '../../src/transactions/find.ts';

export function findDeps({ prisma, sql }: DatabaseAccess): FindDeps {
  return { prisma, clientPages: createClientPages(sql) };
}
