import { createHttpClient, type Exchange, type HttpRequest } from '../../../daraja/wire/http-client.ts';

/** Asks once, as Safaricom would: it follows no redirect and takes no certificate that it cannot trust. Never rejects. */
export async function fetchOnce(
  baseUrl: string,
  { patienceMs, headers = {}, ...request }: Omit<HttpRequest, 'headers' | 'totalMs'> & FetchOptions,
): Promise<Exchange> {
  if (!URL.canParse(baseUrl)) return { outcome: 'not-sent', timedOut: false, cause: 'there is no address' };
  const http = createHttpClient(baseUrl, { connectMs: patienceMs, totalMs: patienceMs });
  try {
    return await http.send({ ...request, headers });
  } finally {
    await http.close();
  }
}

type FetchOptions = { patienceMs: number; headers?: HttpRequest['headers'] };
