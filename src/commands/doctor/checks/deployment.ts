import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../../config/config.ts';
import { fingerprintOfSecret } from '../../../config/kept-secret.ts';
import { Masked } from '../../../lib/masked.ts';
import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { ok, problem, type Finding } from '../finding.ts';

/** Whether the database is that of this environment and this secret: a server with another one refuses to start. */
export const deployment: Check = {
  name: 'deployment',
  settings: ['DATABASE_URL', 'MPESA_ENVIRONMENT', 'MALIPO_SECRET'],
  after: ['database'],
  async run(context) {
    if (context.config.database.kind === 'embedded') {
      return [
        ok(
          'DATABASE_EMBEDDED',
          'The embedded database is used.',
          'The server sees at its start whether it is the right one.',
        ),
      ];
    }
    const { deployment: bound } = await context.postgres();
    if (bound === null) {
      return [
        ok(
          'DATABASE_UNBOUND',
          'No Malipo has used this database yet.',
          'The first start binds it to its environment and its secret.',
        ),
      ];
    }
    return judge(bound, context, await ownFingerprints(context.config));
  },
};

function judge(
  bound: { environment: string; secretFingerprint: string },
  { config }: Context,
  fingerprints: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  if (bound.environment !== config.environment) {
    findings.push(
      problem(
        'DATABASE_OF_OTHER_ENVIRONMENT',
        `The database belongs to ${bound.environment}, and Malipo is set up for ${config.environment}.`,
        'Real and played payments never share tables: Malipo does not start on it.',
        'Use another database for each environment, or correct MPESA_ENVIRONMENT.',
      ),
    );
  }
  if (!fingerprints.includes(bound.secretFingerprint)) {
    findings.push(
      problem(
        'SECRET_OF_OTHER_DATABASE',
        fingerprints.length > 0
          ? 'The database was made with another MALIPO_SECRET.'
          : 'The database was made with a MALIPO_SECRET, and none is set or kept in DATA_DIR.',
        'Callbacks under way would be refused as forged: Malipo does not start on it.',
        'Set the secret that it was made with. To change it, list both, the new one first, separated by a comma.',
      ),
    );
  }
  if (findings.length > 0) return findings;
  return [
    ok(
      'DATABASE_OF_OURS',
      `The database belongs to ${bound.environment}, and to this secret.`,
      'Malipo starts on it.',
    ),
  ];
}

async function ownFingerprints({ secrets, dataDir }: Config): Promise<string[]> {
  if (secrets.malipoSecrets.length > 0) return secrets.malipoSecrets.map(fingerprintOfSecret);
  // Not keptSecret, which makes one where there is none.
  const kept = await readFile(join(dataDir, 'secret'), 'utf8').catch(() => '');
  return kept.trim() === '' ? [] : [fingerprintOfSecret(new Masked(kept.trim()))];
}
