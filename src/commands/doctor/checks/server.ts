import type { Check } from '../check.ts';
import { ok, problem, skipped, warning } from '../finding.ts';
import { readJson } from '../probes/read-json.ts';

/** Whether the server runs that these settings start: what is said of the way to it means little without. */
export const server: Check = {
  name: 'server',
  settings: ['HOST', 'PORT'],
  after: [],
  async run({ addresses, serverHealth }) {
    const health = await serverHealth();
    if (health.outcome !== 'answered') {
      return [
        skipped(
          'SERVER_NOT_RUNNING',
          `No server answers at ${addresses.server ?? 'PORT 0, which is another each time'} (${health.cause}).`,
          'What can only be seen while it runs is not seen.',
          'Start it, here or elsewhere, and run the doctor again.',
        ),
      ];
    }
    const { status, reason, degraded } = readJson(health.body);
    const where = `at ${addresses.server ?? ''}`;
    if (status === 'ready' && degraded !== true) {
      return [ok('SERVER_READY', `Malipo runs ${where} and is ready.`, 'It takes payments and callbacks.')];
    }
    const why = typeof reason === 'string' ? reason : 'it does not say why';
    if (status === 'ready') {
      return [
        warning(
          'SERVER_DEGRADED',
          `Malipo runs ${where}, degraded: ${why}.`,
          'Callbacks are kept, on the disk if need be, and payments may stand still.',
          'See what the checks of the database and the disk say.',
        ),
      ];
    }
    if (status === 'unready') {
      return [
        problem(
          'SERVER_UNREADY',
          `Malipo runs ${where} and is not ready: ${why}.`,
          'A callback that comes now may be lost.',
          'Wait, if it is just starting. Otherwise see what the checks of the database and the disk say.',
        ),
      ];
    }
    return [
      problem(
        'PORT_TAKEN',
        `Something that is not Malipo answers ${where} (HTTP ${health.status}).`,
        'Malipo cannot start on a port that is taken.',
        'Set HOST or PORT to another, or stop what runs there.',
      ),
    ];
  },
};
