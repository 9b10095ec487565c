import { describe, expect, it } from 'vitest';
import { Pool } from 'undici';
import { simulatedPayment } from '../support/simulator.ts';
import { reservedPayer, rowId, TestApp } from '../support/test-app.ts';
import { databases } from '../support/test-database.ts';

/** The embedded database shares its one thread with the test. */
const counts = { embedded: 1_000, postgresql: 10_000 };

describe.each(databases.filter(({ available }) => available))('one callback ($name)', (kind) => {
  const count = counts[kind.name];

  it(`posted ${String(count)} times at once settles its payment once and is always answered with success`, async () => {
    await using test = await TestApp.start({ databases: kind });
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const { checkoutRequestId } = await test.read(id);
    const { callbackUrl, ...payment } = await simulatedPayment(test, checkoutRequestId);
    const { origin, pathname: path } = new URL(callbackUrl);
    const body = JSON.stringify({
      Body: {
        stkCallback: {
          MerchantRequestID: payment.MerchantRequestID,
          CheckoutRequestID: payment.CheckoutRequestID,
          ResultCode: 0,
          ResultDesc: 'The service request is processed successfully.',
          CallbackMetadata: {
            Item: [
              { Name: 'Amount', Value: 10 },
              { Name: 'MpesaReceiptNumber', Value: 'SAME000001' },
            ],
          },
        },
      },
    });

    const pool = new Pool(origin, { connections: 250 });
    const answers = await Promise.all(
      Array.from({ length: count }, async () => {
        const answer = await pool.request({ path, method: 'POST', body });
        const { ResultDesc } = (await answer.body.json()) as { ResultDesc: string };
        return `${String(answer.statusCode)} ${ResultDesc}`;
      }),
    );
    await pool.close();

    expect(new Set(answers)).toEqual(new Set(['200 Success', '200 Already processed']));
    expect(answers.filter((answer) => answer === '200 Success')).toHaveLength(1);
    expect(await test.read(id)).toMatchObject({
      status: 'COMPLETED',
      sequence: 3,
      mpesaReceiptNumber: 'SAME000001',
      attention: [],
    });
    const kept = await test.prisma.evidence.findMany({ where: { transactionId: rowId(id) } });
    expect(kept).toMatchObject([{ verdict: 'APPLIED', repeats: count - 1 }]);
  }, 120_000);
});
