import Mpesa from 'mpesa-node';
import { expect, it } from 'vitest';
import { itemOf } from './support/callback-inbox.ts';
import { TestApp } from './support/test-app.ts';

it("Safaricom's own npm package pushes, hears of the payment and queries it", async () => {
  await using app = await TestApp.open();
  const mpesa = new Mpesa({
    consumerKey: 'key',
    consumerSecret: 'secret',
    lipaNaMpesaShortCode: '174379',
    lipaNaMpesaShortPass: 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919',
  });
  mpesa.baseURL = app.simulator.url;

  const push = await mpesa.lipaNaMpesaOnline(254712345678, 25, app.inbox.url, 'INV-1');
  expect(push).toMatchObject({ status: 200, data: { ResponseCode: '0' } });
  const id = String(push.data['CheckoutRequestID']);

  const callback = await app.inbox.nextCallback();
  expect(callback).toMatchObject({ CheckoutRequestID: id, ResultCode: 0 });
  expect(itemOf(callback, 'Amount')).toBe(25);

  const query = await mpesa.lipaNaMpesaQuery(id);
  expect(query).toMatchObject({ status: 200, data: { CheckoutRequestID: id, ResultCode: '0' } });
});
