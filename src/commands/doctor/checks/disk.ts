import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf } from '../../../lib/error-code.ts';
import type { Check } from '../check.ts';
import { problem } from '../finding.ts';
import { failureText } from '../probes/failure-text.ts';
import { judgeRoom } from '../probes/judge-room.ts';

/** Whether the spool could take what it may: in an outage of the database, callbacks are kept nowhere else. */
export const disk: Check = {
  name: 'disk',
  settings: ['SPOOL_MAX_MB'],
  after: [],
  async run({ config: { dataDir, spoolBytesMax } }) {
    let free: number;
    try {
      const folder = await nearestFolder(resolve(dataDir));
      await access(folder, constants.W_OK | constants.X_OK);
      const { bavail, bsize } = await statfs(folder);
      free = bavail * bsize;
    } catch (error) {
      return [
        problem(
          'DATA_DIR_NOT_WRITABLE',
          `DATA_DIR ${dataDir} cannot be written to: ${failureText(error)}`,
          'Malipo cannot keep its secret or callbacks that wait for the database, and does not start.',
          'Give the user that runs Malipo the right to write there, or set DATA_DIR to another folder.',
        ),
      ];
    }
    return [judgeRoom({ dataDir, free, wanted: spoolBytesMax })];
  },
};

/** DATA_DIR is made at the first start, where its parent lets it be. */
async function nearestFolder(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch (error) {
    if (dirname(path) === path || !isMissing(error)) throw error;
    return nearestFolder(dirname(path));
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
