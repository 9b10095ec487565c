import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from '../check.ts';
import { ok, warning } from '../finding.ts';

/** Files that hold secrets in the clear: nobody but their owner has any business in them. */
export const files: Check = {
  name: 'files',
  settings: [],
  after: [],
  async run({ config: { dataDir } }) {
    if (process.platform === 'win32') {
      return [
        ok('FILES_UNJUDGED', 'Windows keeps no modes of files.', 'Its own rights decide who reads them.'),
      ];
    }
    const candidates = [dataDir, join(dataDir, 'secret'), join(dataDir, 'development-key'), '.env'];
    const modes = await Promise.all(candidates.map(async (path) => ({ path, mode: await modeOf(path) })));
    const open = modes.filter(({ mode }) => mode !== null && (mode & 0o077) !== 0);
    const there = modes.filter(({ mode }) => mode !== null).map(({ path }) => path);
    if (open.length === 0) {
      const saw = there.length > 0 ? there.join(', ') : 'No file with a secret in it is there yet';
      return [ok('FILES_PRIVATE', `${saw}.`, 'Nobody else on this machine reads them.')];
    }
    return open.map(({ path, mode }) =>
      warning(
        'FILE_OPEN_TO_OTHERS',
        `${path} has mode ${((mode ?? 0) & 0o777).toString(8)}.`,
        'Others on this machine may read secrets in it.',
        `chmod go-rwx ${path}`,
      ),
    );
  },
};

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode;
  } catch {
    return null;
  }
}
