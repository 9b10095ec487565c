import type { PaymentChange } from './change-reader.ts';
import type { PaymentStream } from './payment-stream.ts';

/**
 * The payment's state when it is final, or when the time is up or the server stops: the last change that was seen by
 * then.
 */
export function awaitFinal(
  stream: PaymentStream,
  timeoutMs: number,
  stopping: AbortSignal,
): Promise<PaymentChange | null> {
  return new Promise((resolve, reject) => {
    let latest: PaymentChange | null = null;
    const leave = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
      stream.stop();
    };
    const answer = (): void => {
      leave();
      resolve(latest);
    };
    // Not before there is something to answer with.
    const stop = (): void => {
      if (latest !== null) answer();
    };
    const timer = setTimeout(answer, timeoutMs);
    stopping.addEventListener('abort', stop);
    stream.start({
      change(change) {
        latest = change;
        if (stopping.aborted) answer();
        return undefined;
      },
      end(failure) {
        leave();
        if (failure === null) resolve(latest);
        else reject(failure.error);
      },
    });
  });
}
