import type { Delivery, Payment, PaymentState } from '../payer/payment.ts';

/** A payment as the control API shows it. */
export type PaymentView = {
  CheckoutRequestID: string;
  MerchantRequestID: string;
  phone: string;
  amount: number;
  reference: string;
  callbackUrl: string;
  requestedAt: string;
  state: PaymentState;
  outcome: string;
  resultCode: string | null;
  queries: number;
  deliveries: readonly Delivery[];
};

export function paymentView(payment: Payment): PaymentView {
  return {
    CheckoutRequestID: payment.CheckoutRequestID,
    MerchantRequestID: payment.MerchantRequestID,
    phone: payment.phone,
    amount: payment.amount,
    reference: payment.reference,
    callbackUrl: payment.callbackUrl,
    requestedAt: payment.requestedAt.toISOString(),
    state: payment.state,
    outcome: payment.outcome.name,
    resultCode: payment.resultCode,
    queries: payment.queries,
    deliveries: payment.deliveries,
  };
}
