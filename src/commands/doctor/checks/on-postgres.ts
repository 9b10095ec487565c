import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { ok, type Finding } from '../finding.ts';
import type { PostgresFacts } from '../probes/postgres-facts.ts';

/** A check of what PostgreSQL said; on the embedded database, which only its server opens, there is nothing to look at. */
export function onPostgres(
  judge: (facts: PostgresFacts, context: Context) => Finding[] | Promise<Finding[]>,
): Check['run'] {
  return async (context) => {
    if (context.config.database.kind === 'postgresql') return judge(await context.postgres(), context);
    return [
      ok(
        'DATABASE_EMBEDDED',
        'The embedded database is used.',
        'Its server alone opens it and sees to this by itself.',
      ),
    ];
  };
}
