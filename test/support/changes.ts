import type { PrismaClient } from '../../src/database/database.ts';
import type { TransactionStatus } from '../../src/database/generated/prisma/enums.ts';

/** Stores the next change of a payment as settling does, and tells nobody. */
export async function storeChange(
  prisma: PrismaClient,
  id: string,
  status: TransactionStatus,
  occurredAt = new Date(),
): Promise<void> {
  await prisma.$transaction(async (within) => {
    const { sequence } = await within.transaction.update({
      where: { id },
      data: { status, sequence: { increment: 1 } },
    });
    await within.transactionEvent.create({
      data: {
        transactionId: id,
        sequence,
        status,
        source: 'CALLBACK',
        occurredAt,
        message: 'Changed by a test.',
      },
    });
  });
}
