import type { FailureReason } from '../database/generated/prisma/enums.ts';
import type { CoolDownCode, CoolDowns } from '../daraja/cool-downs.ts';

export type { CoolDowns };

/** A push that was refused because the phone is busy has no result code, and says what 1001 says. */
const codeOfReason: Partial<Record<FailureReason, CoolDownCode>> = {
  SUBSCRIBER_BUSY: '1001',
  PAYER_UNREACHABLE: '1037',
};

/** Which of M-Pesa's cool-downs a payment that ended so begins for its payer, if any. */
export function coolDownAfter({
  failureReason,
  resultCode,
}: {
  failureReason: FailureReason | null;
  resultCode: string | null;
}): CoolDownCode | null {
  if (failureReason === null) return null;
  // Of the limits only this one passes within minutes.
  if (failureReason === 'LIMIT_EXCEEDED') return resultCode === '17' ? '17' : null;
  return codeOfReason[failureReason] ?? null;
}
