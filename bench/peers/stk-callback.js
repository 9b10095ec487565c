/** The columns of `payments`, out of what M-Pesa posts after an STK push. */
export function paymentOf({ Body: { stkCallback: callback } }) {
  const items = Object.fromEntries(
    (callback.CallbackMetadata?.Item ?? []).map(({ Name, Value }) => [Name, Value]),
  );
  return [
    callback.CheckoutRequestID,
    callback.MerchantRequestID,
    callback.ResultCode,
    callback.ResultDesc,
    items.Amount ?? null,
    items.MpesaReceiptNumber ?? null,
    items.PhoneNumber === undefined ? null : String(items.PhoneNumber),
    items.TransactionDate === undefined ? null : String(items.TransactionDate),
  ];
}
