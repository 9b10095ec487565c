import { expect } from 'vitest';
import type { TestApp } from './test-app.ts';

/** A payment as the simulator has it: among the rest, where it posts the result. */
export type SimulatedPayment = {
  CheckoutRequestID: string;
  MerchantRequestID: string;
  phone: string;
  amount: number;
  callbackUrl: string;
};

async function control(test: TestApp, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${test.app.simulatorUrl ?? ''}/_simulator${path}`, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  expect(response.status).toBe(200);
  return response.json();
}

/** How many pushes the simulator was sent, refused ones too. */
export async function pushesSent(test: TestApp): Promise<number> {
  return ((await control(test, '/stats')) as { pushes: number }).pushes;
}

/** How many access tokens the simulator gave. */
export async function tokensGiven(test: TestApp): Promise<number> {
  return ((await control(test, '/stats')) as { oauthTokens: number }).oauthTokens;
}

/** What the simulator knows of the payment with this CheckoutRequestID. */
export async function simulatedPayment(test: TestApp, checkoutRequestId: unknown): Promise<SimulatedPayment> {
  const payments = (await control(test, '/payments')) as SimulatedPayment[];
  const found = payments.find(({ CheckoutRequestID }) => CheckoutRequestID === checkoutRequestId);
  if (found === undefined) throw new Error('The simulator has no such payment');
  return found;
}

/** The payer, who has waited, decides: `pay`, `cancel` … Returns when the callback was answered. */
export async function decideAtHandset(test: TestApp, id: string, decision = 'pay'): Promise<void> {
  const { checkoutRequestId } = await test.read(id);
  await control(test, `/payments/${String(checkoutRequestId)}/decide`, { decision });
}
