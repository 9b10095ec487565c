import type { PaymentChange } from './change-reader.ts';
import type { PaymentStream } from './payment-stream.ts';

/**
 * The payment's state when it is final, or when the time is up or the server stops: the last change that was seen by
 * then.
 */
export async function awaitFinal(
  stream: PaymentStream,
  timeoutMs: number,
  stopping: AbortSignal,
): Promise<PaymentChange | null> {
  let latest: PaymentChange | null = null;
  const end = (): void => void stream.return();
  const timer = setTimeout(end, timeoutMs);
  // Not before there is something to answer with.
  const stop = (): void => {
    if (latest !== null) end();
  };
  stopping.addEventListener('abort', stop);
  try {
    for await (const change of stream) {
      latest = change;
      if (stopping.aborted) break;
    }
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  }
  return latest;
}
