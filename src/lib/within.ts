/** What was waited for has not come in time. It may still come. */
export class TooLateError extends Error {
  override readonly name = 'TooLateError';
}

/** What `promise` gives, unless that takes longer than `ms` milliseconds or `signal` aborts first. Its work goes on all the same. */
export async function within<T>(promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  const { promise: end, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TooLateError(`No answer within ${ms} ms`)), ms);
  const stop = () => reject(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
