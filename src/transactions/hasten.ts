import type { PrismaClient } from '../database/database.ts';

/**
 * Asks M-Pesa about an open payment now, because a post that proves nothing names it. Once for each payment: its
 * CheckoutRequestID is no secret, and must not be a way to spend the budget of queries.
 */
export async function hasten({ prisma }: { prisma: PrismaClient }, checkoutRequestId: string): Promise<void> {
  await prisma.$executeRaw`
    update open_work w set next_check_at = now(), hastened_at = now()
    from attempts a
    where a.checkout_request_id = ${checkoutRequestId} and w.transaction_id = a.transaction_id
      and w.hastened_at is null and w.next_check_at > now()`;
}
