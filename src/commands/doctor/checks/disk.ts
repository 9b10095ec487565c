import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Check } from '../check.ts';
import { ok, problem, warning } from '../finding.ts';
import { failureText } from '../probes/failure-text.ts';

const megabyte = 1024 * 1024;
/** Less, and the first minutes of an outage fill it. */
const bytesMin = 16 * megabyte;

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
    const saw = `${Math.floor(free / megabyte)} MB are free for DATA_DIR ${dataDir}.`;
    if (free >= spoolBytesMax) {
      return [
        ok(
          'DISK_HAS_ROOM',
          saw,
          'Callbacks that wait for the database find the room that SPOOL_MAX_MB gives them.',
        ),
      ];
    }
    const mend = 'Make room, or lower SPOOL_MAX_MB.';
    return [
      free < bytesMin
        ? problem('DISK_FULL', saw, 'In an outage of the database, callbacks would soon be lost.', mend)
        : warning('DISK_SHORT', saw, 'SPOOL_MAX_MB promises more than the disk has.', mend),
    ];
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
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
