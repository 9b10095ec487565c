/** After these a payment's stream may end. Written down anew: the checker shares no code with what it checks. */
const finalStatuses = new Set(['COMPLETED', 'CANCELLED', 'EXPIRED', 'FAILED']);

export function isFinal(status: string): boolean {
  return finalStatuses.has(status);
}
