import { ok, problem, warning, type Finding } from '../finding.ts';

const megabyte = 1024 * 1024;
/** Less, and the first minutes of an outage fill it. */
const bytesMin = 16 * megabyte;

/** Whether a disk with so many bytes free is enough for a spool that wants so many. */
export function judgeRoom(room: { dataDir: string; free: number; wanted: number }): Finding {
  const saw = `${Math.floor(room.free / megabyte)} MB are free for DATA_DIR ${room.dataDir}.`;
  const mend = 'Make room, or lower SPOOL_MAX_MB.';
  if (room.free < bytesMin) {
    return problem('DISK_FULL', saw, 'In an outage of the database, callbacks would soon be lost.', mend);
  }
  if (room.free < room.wanted) {
    return warning('DISK_SHORT', saw, 'SPOOL_MAX_MB promises more than the disk has.', mend);
  }
  return ok(
    'DISK_HAS_ROOM',
    saw,
    'Callbacks that wait for the database find the room that SPOOL_MAX_MB gives them.',
  );
}
