import { ok, problem, warning, type Finding } from '../finding.ts';
import type { Skew } from './skew.ts';

/** Daraja's times are in seconds, and ours in its time zone (daraja.md §2.1): this much is noise. */
const noiseMs = 5_000;
/** From here on leases, budgets and the last minute of an access token are misjudged. */
const harmMs = 60_000;

/** This machine's clock against another's. */
export function judgeSkew(whose: 'Daraja' | 'the database', { aheadMs, uncertainMs }: Skew): Finding {
  const isAhead = aheadMs < 0;
  const offMs = Math.max(0, Math.abs(aheadMs) - uncertainMs);
  const who = whose === 'Daraja' ? 'DARAJA' : 'DATABASE';
  if (offMs <= noiseMs) {
    return ok(
      `CLOCK_AGREES_WITH_${who}`,
      `This clock and that of ${whose} agree.`,
      'Times and leases can be trusted.',
    );
  }
  const saw = `This clock is ${Math.round(offMs / 1000)} s ${isAhead ? 'ahead of' : 'behind'} that of ${whose}.`;
  const mend = 'Set the clock by the network (NTP): `timedatectl` shows whether that is on.';
  return offMs > harmMs
    ? problem(
        `CLOCK_OFF_FROM_${who}`,
        saw,
        'Access tokens, leases and watch tokens end too early or too late, and requests carry a wrong timestamp.',
        mend,
      )
    : warning(`CLOCK_DRIFTS_FROM_${who}`, saw, 'It does no harm yet, and will as it grows.', mend);
}
