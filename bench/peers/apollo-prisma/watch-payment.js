import { isFinal } from '../payment-fields.js';

const pauseMs = 1_000;

/** The payment whenever it has changed, until it is final. */
export async function* watchPayment(prisma, clientId, id) {
  for (let seen = 0; ;) {
    const transaction = await prisma.transaction.findFirst({ where: { id, clientId } });
    if (transaction === null) return;
    const { sequence, status } = transaction;
    if (sequence > seen) yield { paymentStatus: { sequence, status, isFinal: isFinal(status), transaction } };
    if (isFinal(status)) return;
    seen = sequence;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
