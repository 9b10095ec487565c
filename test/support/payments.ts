import { randomUUID } from 'node:crypto';
import { ensureFixedClients, developmentClient } from '../../src/access/fixed-clients.ts';
import type { PrismaClient } from '../../src/database/database.ts';
import type { TransactionCreateManyInput } from '../../src/database/generated/prisma/models/Transaction.ts';
import { newId } from '../../src/lib/ids.ts';

export type StoredPayment = { id: string; checkoutRequestId: string | null };

export const clientId = developmentClient.id;

export type PaymentColumns = Partial<TransactionCreateManyInput> & {
  /** Attempts up to this one exist; the latest has the CheckoutRequestID. */
  attempts?: number;
};

/** Stores payments as they are while the payer is awaited, or as `columns` say, without asking anybody. */
export async function storePayments(
  prisma: PrismaClient,
  many: readonly PaymentColumns[],
): Promise<StoredPayment[]> {
  await ensureFixedClients(prisma);
  const rows = many.map(({ attempts: _attempts, ...columns }) => paymentRow(columns));
  await prisma.transaction.createMany({ data: rows });
  await prisma.transactionEvent.createMany({
    data: rows.map(({ id, sequence, status, createdAt }) => ({
      transactionId: id,
      sequence,
      status,
      source: 'API' as const,
      occurredAt: createdAt,
      message: 'Stored by a test.',
    })),
  });
  await prisma.attempt.createMany({
    data: rows.flatMap((row, index) => {
      const latest = many[index]?.attempts ?? 1;
      return Array.from({ length: latest }, (_, before) => ({
        transactionId: row.id,
        number: before + 1,
        createdAt: row.createdAt,
        dispatchedAt: row.createdAt,
        checkoutRequestId: before + 1 === latest ? (row.checkoutRequestId ?? null) : null,
      }));
    }),
  });
  await prisma.openWork.createMany({ data: rows.map(({ id }) => ({ transactionId: id })) });
  return rows.map(({ id, checkoutRequestId }) => ({ id, checkoutRequestId: checkoutRequestId ?? null }));
}

export async function storePayment(
  prisma: PrismaClient,
  columns: PaymentColumns = {},
): Promise<StoredPayment> {
  const [stored] = await storePayments(prisma, [columns]);
  if (stored === undefined) throw new Error('Nothing was stored');
  return stored;
}

function paymentRow(columns: Partial<TransactionCreateManyInput>) {
  const createdAt = new Date(columns.createdAt ?? '2026-11-24T07:09:00Z');
  const id = columns.id ?? newId(createdAt);
  return {
    id,
    kind: 'STK_PUSH' as const,
    clientId,
    idempotencyKey: randomUUID(),
    requestFingerprint: 'fingerprint',
    status: 'AWAITING_PAYER' as const,
    sequence: 1,
    businessShortCode: '174379',
    partyB: '174379',
    amountCents: 150_000,
    attention: [],
    phoneNumber: '254712345678',
    accountReference: 'ORDER-1',
    description: 'ORDER-1',
    checkoutRequestId: `ws_CO_${id}`,
    updatedAt: createdAt,
    ...columns,
    createdAt,
  };
}
