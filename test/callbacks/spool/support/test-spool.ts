import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellingLogger } from '../../../support/log-record.ts';
import { afterEach, beforeEach } from 'vitest';
import type { SpoolRecord } from '../../../../src/callbacks/spool/record.ts';
import { Spool } from '../../../../src/callbacks/spool/spool.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { newId } from '../../../../src/lib/ids.ts';

export type LogLine = { level: number; msg: string; [name: string]: unknown };

const warning = 40;

/** A folder for each test, spools on it as processes have them, and what they log. */
export function spoolsOfEachTest() {
  let parts: AsyncDisposableStack;
  let folder: string;
  const lines: LogLine[] = [];
  const logger = tellingLogger((line) => lines.push(JSON.parse(line) as LogLine));
  beforeEach(async () => {
    parts = new AsyncDisposableStack();
    const parent = await mkdtemp(join(tmpdir(), 'malipo-spool-'));
    parts.defer(() => rm(parent, { recursive: true }));
    folder = join(parent, 'spool');
    lines.length = 0;
  });
  afterEach(() => parts.disposeAsync());
  return {
    lines,
    logger,
    /** Warnings and worse. */
    complaints: () => lines.filter(({ level }) => level >= warning).map(({ msg }) => msg),
    folder: () => folder,
    parts: () => parts,
    open: async (bytesMax = 1_000_000) =>
      parts.use(await Spool.open({ folder, bytesMax, clock: systemClock, logger })),
  };
}

/** A callback that says `text`. */
export function recordOf(text: string): SpoolRecord {
  const receivedAt = new Date();
  const peer = '196.201.214.200';
  return {
    kind: 'callback',
    id: newId(receivedAt),
    receivedAt,
    peer,
    body: Buffer.from(text),
    address: null,
  };
}

/** What the callback said. */
export function textOf(record: { body?: Buffer | null } | SpoolRecord): string {
  return 'body' in record ? String(record.body) : '';
}

/** Everything that waits, in the order in which it would be replayed. */
export async function textsIn(spool: Spool): Promise<string[]> {
  await spool.close();
  const read = await Promise.all(spool.closedFiles.map(({ name }) => spool.read(name)));
  return read.flatMap(({ records }) => records.map(textOf));
}
