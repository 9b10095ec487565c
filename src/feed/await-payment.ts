import type { PaymentChange, PaymentStream } from './payment-stream.ts';

/** The payment's state when it is final, or when the time is up: the last change that was seen by then. */
export async function awaitFinal(stream: PaymentStream, timeoutMs: number): Promise<PaymentChange | null> {
  let latest: PaymentChange | null = null;
  const timer = setTimeout(() => void stream.return(), timeoutMs);
  try {
    for await (const change of stream) latest = change;
  } finally {
    clearTimeout(timer);
  }
  return latest;
}
