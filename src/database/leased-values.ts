import { randomUUID } from 'node:crypto';
import type { PrismaClient } from './database.ts';

export type LeasedValue = { version: number; value: string; expiresAt: Date };

/**
 * A value that one process at a time may renew and all use, kept in a row with its version. Every step is one
 * statement, so no lock is held while the new value is fetched.
 */
export function createLeasedValues(prisma: PrismaClient, name: string) {
  async function read(): Promise<LeasedValue | null> {
    const row = await prisma.leasedValue.findUnique({ where: { name } });
    if (row === null || row.value === null || row.expiresAt === null) return null;
    return { version: row.version, value: row.value, expiresAt: row.expiresAt };
  }

  /** Takes the right to make the version after `afterVersion`; null when another holds it or a newer one is there. */
  async function lease(afterVersion: number, leaseMs: number): Promise<{ holder: string } | null> {
    const holder = randomUUID();
    const taken = await prisma.$executeRaw`
      insert into leased_values as kept (name, version, lease_holder, lease_expires_at)
      values (${name}, ${afterVersion}, ${holder}, now() + ${leaseMs}::int * interval '1 ms')
      on conflict (name) do update set lease_holder = excluded.lease_holder, lease_expires_at = excluded.lease_expires_at
      where kept.version = ${afterVersion} and (kept.lease_expires_at is null or kept.lease_expires_at < now())`;
    return taken === 1 ? { holder } : null;
  }

  /** Stores the next version if the lease is still held; answers with what is stored now. */
  async function store(
    holder: string,
    afterVersion: number,
    next: { value: string; expiresAt: Date },
  ): Promise<LeasedValue | null> {
    await prisma.leasedValue.updateMany({
      where: { name, version: afterVersion, leaseHolder: holder },
      data: { ...next, version: afterVersion + 1, leaseHolder: null, leaseExpiresAt: null },
    });
    return read();
  }

  async function release(holder: string): Promise<void> {
    await prisma.leasedValue.updateMany({
      where: { name, leaseHolder: holder },
      data: { leaseHolder: null, leaseExpiresAt: null },
    });
  }

  return { read, lease, store, release };
}
