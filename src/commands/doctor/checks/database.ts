import { codeOf } from '../../../lib/error-code.ts';
import type { Check } from '../check.ts';
import { ok, problem, warning, type Finding } from '../finding.ts';
import { failureText } from '../probes/failure-text.ts';
import type { PostgresFacts } from '../probes/postgres-facts.ts';

/** Older versions get no corrections from PostgreSQL any more, and Malipo is not tested on them. */
const oldestMajor = 14;

export const database: Check = {
  name: 'database',
  settings: ['DATABASE_URL', 'MPESA_ENVIRONMENT'],
  after: [],
  async run({ config, postgres }) {
    if (config.database.kind === 'embedded') {
      return [
        ok(
          'DATABASE_EMBEDDED',
          `The embedded database in ${config.dataDir} is used. It was not opened: its server alone may.`,
          'It is for development and tests: it survives a killed process and not a power failure.',
        ),
      ];
    }
    try {
      return judge(await postgres());
    } catch (error) {
      return [failure(error)];
    }
  },
};

function judge({ version, major, isReadOnly }: PostgresFacts): Finding[] {
  const saw = `PostgreSQL ${version} answers.`;
  if (isReadOnly) {
    return [
      problem(
        'DATABASE_READ_ONLY',
        `PostgreSQL ${version} answers and takes no writes.`,
        'It is a standby, or default_transaction_read_only is on. No payment could be stored.',
        'Let DATABASE_URL name the primary, or turn default_transaction_read_only off for this role and database.',
      ),
    ];
  }
  if (major >= oldestMajor)
    return [ok('DATABASE_ANSWERS', saw, 'It can be written to, and its version is known to work.')];
  return [
    warning(
      'DATABASE_OLD',
      saw,
      `PostgreSQL ${oldestMajor} is the oldest version that is still looked after. Malipo is not tested on this one.`,
      'Upgrade PostgreSQL.',
    ),
  ];
}

type Reading = { code: string; means: string; todo: string };

/** By PostgreSQL's own codes. */
const refusals: Record<string, Reading> = {
  '28P01': {
    code: 'DATABASE_PASSWORD_WRONG',
    means: 'User or password in DATABASE_URL is wrong.',
    todo: 'Correct them. Characters such as @ / : # in a password must be written as %40 %2F %3A %23.',
  },
  '28000': {
    code: 'DATABASE_USER_REFUSED',
    means: 'PostgreSQL does not let this user in from here, or not without TLS.',
    todo: 'Look at the user in DATABASE_URL and at pg_hba.conf. Where TLS is asked for, add ?sslmode=require.',
  },
  '3D000': {
    code: 'DATABASE_MISSING',
    means: 'The server is right, and has no database of that name.',
    todo: 'Make it with createdb, or correct the name in DATABASE_URL.',
  },
  '42501': {
    code: 'DATABASE_RIGHTS_MISSING',
    means: 'The user lacks rights in the database.',
    todo: 'Let the user own the database: ALTER DATABASE … OWNER TO ….',
  },
  '53300': {
    code: 'DATABASE_FULL_OF_CONNECTIONS',
    means: 'The server holds as many connections as it may.',
    todo: 'Raise max_connections, or end what holds them.',
  },
};

function failure(error: unknown): Finding {
  const { means, todo, ...reading } = refusals[codeOf(error)] ?? {
    code: 'DATABASE_UNREACHABLE',
    means: 'No PostgreSQL can be used at DATABASE_URL.',
    todo: 'Start it, or correct host and port in DATABASE_URL, and look at any firewall between.',
  };
  return problem(reading.code, `PostgreSQL could not be asked: ${failureText(error)}`, means, todo);
}
