import type { Masked } from '../../lib/masked.ts';
import { formatEatTimestamp } from '../eat-time.ts';

/** The three fields with which a merchant signs a push or a query. */
export type StkSignature = { BusinessShortCode: string; Password: string; Timestamp: string };

/**
 * `Password` is base64(BusinessShortCode + passkey + Timestamp), and must hold the very string that is sent as `Timestamp`
 * (daraja.md §2.1): the three are made together, anew for each request.
 */
export function signStkRequest(businessShortCode: string, passkey: Masked, now: Date): StkSignature {
  const Timestamp = formatEatTimestamp(now);
  const Password = Buffer.from(businessShortCode + passkey.reveal() + Timestamp).toString('base64');
  return { BusinessShortCode: businessShortCode, Password, Timestamp };
}
