import type { Check } from '../check.ts';
import { skipped } from '../finding.ts';
import { judgeSkew } from '../probes/judge-skew.ts';
import { credentials } from './credentials.ts';

/** This machine's clock against Daraja's, which says the time with every answer, refusals too. */
export const clock: Check = {
  name: 'clock',
  settings: credentials.settings,
  after: [],
  async run({ daraja }) {
    // What goes wrong here is the finding of "credentials".
    await daraja.token().catch(() => undefined);
    if (daraja.skew !== null) return [judgeSkew('Daraja', daraja.skew)];
    return [
      skipped(
        'CLOCK_UNSEEN',
        'Daraja did not tell the time.',
        'There is nothing to hold the clock of this machine against.',
        'See what the check "credentials" says.',
      ),
    ];
  },
};
