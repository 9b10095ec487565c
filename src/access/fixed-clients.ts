import type { PrismaClient } from '../database/database.ts';

/** Fixed, so that payments stay theirs whatever the value of the key. */
export const bootstrapClient = { id: '00000000-0000-7000-8000-000000000001', name: 'bootstrap' };
export const developmentClient = { id: '00000000-0000-7000-8000-000000000002', name: 'development' };

/** Makes the clients of the keys that the configuration gives. */
export async function ensureFixedClients(prisma: PrismaClient): Promise<void> {
  await prisma.client.createMany({ data: [bootstrapClient, developmentClient], skipDuplicates: true });
}
