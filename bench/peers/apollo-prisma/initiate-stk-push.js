import { createHash, randomUUID } from 'node:crypto';
import { askForPrompt } from './daraja.js';

const leaseMs = 30_000;
const firstCheckMs = 60_000;

/**
 * The same rows as Malipo writes, in the same steps: the payment is stored before M-Pesa is asked, it is noted that the
 * request leaves, and then what M-Pesa answered.
 */
export async function initiateStkPush(prisma, clientId, input) {
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  const earlier = await prisma.transaction.findUnique({
    where: { clientId_idempotencyKey: { clientId, idempotencyKey: input.idempotencyKey } },
  });
  if (earlier !== null) return { transaction: earlier, replayed: true };
  const { id } = await storeRequest(prisma, clientId, input, fingerprint);
  await markDispatched(prisma, id);
  const answer = await askForPrompt(id, input);
  return { transaction: await storeAnswer(prisma, id, answer), replayed: false };
}

function storeRequest(prisma, clientId, input, requestFingerprint) {
  const now = new Date();
  return prisma.transaction.create({
    data: {
      id: newId(now),
      kind: 'STK_PUSH',
      client: { connect: { id: clientId } },
      idempotencyKey: input.idempotencyKey,
      requestFingerprint,
      status: 'REQUESTED',
      sequence: 1,
      businessShortCode: '174379',
      partyB: '174379',
      amountCents: input.amount * 100,
      phoneNumber: input.phoneNumber,
      accountReference: input.accountReference,
      description: input.description ?? input.accountReference,
      attention: [],
      createdAt: now,
      updatedAt: now,
      events: {
        create: {
          sequence: 1,
          status: 'REQUESTED',
          source: 'API',
          occurredAt: now,
          message: 'Payment requested.',
        },
      },
      attempts: { create: { number: 1, createdAt: now } },
      openWork: { create: { leaseHolder: randomUUID(), leaseExpiresAt: new Date(now.getTime() + leaseMs) } },
    },
  });
}

async function markDispatched(prisma, transactionId) {
  const now = new Date();
  await prisma.$transaction([
    prisma.attempt.update({
      where: { transactionId_number: { transactionId, number: 1 } },
      data: { dispatchedAt: now },
    }),
    prisma.openWork.update({
      where: { transactionId },
      data: { nextCheckAt: new Date(now.getTime() + firstCheckMs) },
    }),
  ]);
}

async function storeAnswer(
  prisma,
  id,
  { MerchantRequestID: merchantRequestId, CheckoutRequestID: checkoutRequestId },
) {
  const now = new Date();
  const [transaction] = await prisma.$transaction([
    prisma.transaction.update({
      where: { id },
      data: {
        status: 'AWAITING_PAYER',
        sequence: 2,
        merchantRequestId,
        checkoutRequestId,
        acceptedAt: now,
        updatedAt: now,
      },
    }),
    prisma.transactionEvent.create({
      data: {
        transactionId: id,
        sequence: 2,
        status: 'AWAITING_PAYER',
        source: 'DARAJA_ANSWER',
        occurredAt: now,
        message: 'M-Pesa accepted the request and prompts the payer.',
      },
    }),
    prisma.attempt.update({
      where: { transactionId_number: { transactionId: id, number: 1 } },
      data: { answeredAt: now, merchantRequestId, checkoutRequestId },
    }),
    prisma.openWork.update({
      where: { transactionId: id },
      data: { leaseHolder: null, leaseExpiresAt: null },
    }),
  ]);
  return transaction;
}

/** A UUIDv7, as Malipo's ids are: they go to the end of every index. */
function newId(at) {
  const random = randomUUID().replaceAll('-', '');
  const hex = at.getTime().toString(16).padStart(12, '0') + '7' + random.slice(13);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
