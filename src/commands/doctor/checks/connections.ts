import { connectionsPerProcess } from '../../../config/database-settings.ts';
import type { Check } from '../check.ts';
import { ok, problem, warning, type Finding } from '../finding.ts';
import { onPostgres } from './on-postgres.ts';

/** Besides its pool a process holds one for hints and, while it starts, two for migrations. */
const besidesPool = 3;
const oneProcess = connectionsPerProcess(1) + besidesPool;
/** Shared out between so many processes, as `npm start -- --processes N` does, each has its own for hints besides. */
const processes = 4;
const severalProcesses = processes * (connectionsPerProcess(processes) + 1);

export const connections: Check = {
  name: 'connections',
  settings: ['DATABASE_URL', 'MPESA_ENVIRONMENT'],
  after: ['database'],
  run: onPostgres(({ connections: { max, open } }) => [judge(max, open)]),
};

function judge(max: number, open: number): Finding {
  const saw = `PostgreSQL takes ${max} connections from this user, and ${open} are open on the server.`;
  const mend =
    'Raise max_connections in postgresql.conf, or the CONNECTION LIMIT of the role or the database.';
  if (max < oneProcess) {
    return problem(
      'CONNECTIONS_TOO_FEW',
      saw,
      `One process of Malipo may hold ${oneProcess}. With fewer, payments and callbacks fail when it is busy.`,
      mend,
    );
  }
  if (max < severalProcesses) {
    return warning(
      'CONNECTIONS_FOR_ONE_PROCESS',
      saw,
      `That is enough for one process, which may hold ${oneProcess}. ${processes} may hold ${severalProcesses} in all.`,
      `${mend} Or run one process.`,
    );
  }
  return ok(
    'CONNECTIONS_ENOUGH',
    saw,
    `One process may hold ${oneProcess}, and ${processes} processes ${severalProcesses} in all.`,
  );
}
