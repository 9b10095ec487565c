import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SpoolUnusableError, type Spool } from '../../../src/callbacks/spool/spool.ts';
import { recordOf, spoolsOfEachTest, textsIn } from './support/test-spool.ts';

const { open, folder, parts, complaints } = spoolsOfEachTest();

const recordFiles = () => readdirSync(folder()).filter((name) => name.endsWith('.records'));
const onlyFile = () => join(folder(), recordFiles()[0] ?? '');

async function finishAll(spool: Spool): Promise<void> {
  await spool.close();
  for (const file of spool.closedFiles) {
    const { isDamaged } = await spool.read(file.name);
    await spool.finish(file, isDamaged);
  }
}

const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../../../src', path));

/** A process of its own with a spool, which runs `work` and says `done`. */
async function startProcess(work: string, shell = ''): Promise<ChildProcess> {
  const script = `
    const { Spool } = await import(${source('callbacks/spool/spool.ts')});
    const { newId } = await import(${source('lib/ids.ts')});
    const clock = { now: () => new Date() };
    const logger = { warn() {}, info() {}, error() {} };
    const spool = await Spool.open({ folder: ${JSON.stringify(folder())}, bytesMax: 1e9, clock, logger });
    const append = (text) => spool.append({
      kind: 'callback', id: newId(new Date()), receivedAt: new Date(), peer: '', body: Buffer.from(text), address: null });
    ${work}
    console.log('done');
    setInterval(() => undefined, 1000);`;
  const child = spawn(
    'bash',
    ['-c', `${shell} exec "$0" --input-type=module -e "$1"`, process.execPath, script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  parts().defer(() => kill(child));
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('a spool', () => {
  it('keeps what it is given in order, across files and for the process that comes after', async () => {
    const before = await open();
    await before.append(recordOf('1'));
    await before.close();
    await Promise.all(['2', '3', '4'].map((text) => before.append(recordOf(text))));
    expect(before.records).toBe(4);
    await before[Symbol.asyncDispose]();

    const after = await open();
    await after.adopt();
    expect(after.records).toBe(4);
    expect(await textsIn(after)).toEqual(['1', '2', '3', '4']);
    await finishAll(after);
    expect(after.isEmpty).toBe(true);
    expect(after.bytes).toBe(0);
    expect(recordFiles()).toEqual([]);
  });

  it('leaves nothing behind but the lock that is never deleted', async () => {
    const before = await open();
    await before.append(recordOf('1'));
    await before[Symbol.asyncDispose]();
    const after = await open();
    await after.adopt();
    await finishAll(after);
    await after.adopt();
    await after[Symbol.asyncDispose]();
    expect(readdirSync(folder())).toEqual(['adopting.lock']);
  });

  it('leaves the files of a living process alone, and takes them when it is killed', async () => {
    const living = await startProcess(`await append('1'); await append('2');`);
    const spool = await open();
    await spool.adopt();
    expect(spool.records).toBe(0);
    await kill(living);
    await spool.adopt();
    expect(await textsIn(spool)).toEqual(['1', '2']);
  });

  it('is adopted by one of several', async () => {
    await kill(await startProcess(`await append('1');`));
    const spools = [await open(), await open(), await open()];
    await Promise.all(spools.map((spool) => spool.adopt()));
    expect(spools.map(({ records }) => records).toSorted()).toEqual([0, 0, 1]);
  });

  it('is adopted again when its adopter dies too', async () => {
    await kill(await startProcess(`await append('1');`));
    await kill(await startProcess(`await spool.adopt(); await append('2'); await spool.close();`));
    const spool = await open();
    await spool.adopt();
    expect(await textsIn(spool)).toEqual(['1', '2']);
  });

  it('drops a last record that was never written whole', async () => {
    await kill(await startProcess(`await append('1'); await append('2');`));
    const bytes = readFileSync(onlyFile());
    writeFileSync(onlyFile(), bytes.subarray(0, bytes.length - 7));
    const spool = await open();
    await spool.adopt();
    expect(await textsIn(spool)).toEqual(['1']);
    await finishAll(spool);
    expect(recordFiles()).toEqual([]);
    expect(complaints()).toEqual([]);
  });

  it('puts a damaged file aside, and gives what can be read of it', async () => {
    await kill(await startProcess(`await append('1'); await append('2'); await append('3');`));
    const bytes = readFileSync(onlyFile());
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 4, middle);
    writeFileSync(onlyFile(), bytes);
    const name = recordFiles()[0] ?? '';
    const spool = await open();
    await spool.adopt();
    expect(await textsIn(spool)).toEqual(['1', '3']);
    await finishAll(spool);
    expect(spool.isEmpty).toBe(true);
    expect(complaints()).toEqual(['a file of the spool cannot be read whole; it was put aside']);
    expect(readFileSync(join(folder(), `${name}.damaged`))).toEqual(bytes);
  });

  it('puts a file of a later version aside', async () => {
    const { frame } = await import('../../../src/callbacks/spool/frames.ts');
    await kill(await startProcess(`await append('1');`));
    appendFileSync(onlyFile(), frame(Buffer.from('{"version":2}')));
    const spool = await open();
    await spool.adopt();
    expect(await textsIn(spool)).toEqual(['1']);
    await finishAll(spool);
    expect(readdirSync(folder()).some((name) => name.endsWith('.damaged'))).toBe(true);
  });

  it('takes no more than it may hold, until there is room again', async () => {
    const spool = await open(200_000);
    const large = 'x'.repeat(60_000);
    await spool.append(recordOf(large));
    expect(await spool.canKeep()).toBe(false);
    await spool.append(recordOf(large));
    await expect(spool.append(recordOf(large))).rejects.toThrow('The spool is full');
    expect(spool.records).toBe(2);
    await finishAll(spool);
    expect(await spool.canKeep()).toBe(true);
    await spool.append(recordOf(large));
  });

  it('counts what others wrote into the same folder', async () => {
    const one = await open(200_000);
    await one.append(recordOf('x'.repeat(60_000)));
    const other = await open(200_000);
    expect(other.bytes).toBe(one.bytes);
    expect(await other.canKeep()).toBe(false);
  });

  it('has no torn record before a good one when the disk takes only a part', async () => {
    // Files of this process may have 8 KB: the third record is cut off in the middle, and a small one fits after all.
    const child = await startProcess(
      `await append('1'.repeat(2_000));
       await append('2'.repeat(2_000));
       const refused = await append('3'.repeat(3_000)).then(() => 'taken', ({ code }) => code);
       await append(refused);`,
      'trap "" XFSZ; ulimit -S -f 8;',
    );
    await kill(child);
    const spool = await open();
    await spool.adopt();
    const texts = await textsIn(spool);
    expect(texts.map((text) => text.slice(0, 5))).toEqual(['11111', '22222', 'EFBIG']);
    await finishAll(spool);
    expect(complaints()).toEqual([]);
  });

  it('says so when its folder is emptied under it, and goes on in another file', async () => {
    const spool = await open();
    await spool.append(recordOf('1'));
    await rm(folder(), { recursive: true });
    await expect(spool.append(recordOf('2'))).rejects.toThrow('ENOENT');
    await spool.append(recordOf('3'));
    const other = await open();
    await other.adopt();
    expect(other.records).toBe(0);
    await spool[Symbol.asyncDispose]();
    await other.adopt();
    expect(await textsIn(other)).toEqual(['3']);
  });

  it('adopts the others where one file cannot be read', async () => {
    await kill(await startProcess(`await append('1');`));
    await kill(await startProcess(`await append('2');`));
    const [first = ''] = recordFiles().toSorted();
    await rm(join(folder(), first));
    await mkdir(join(folder(), first));
    const spool = await open();
    await spool.adopt();
    expect(await textsIn(spool)).toEqual(['2']);
    expect(complaints()).toEqual(['a file of the spool cannot be read']);
  });

  it('is refused at the start where nothing can be written', async () => {
    await writeFile(folder(), 'a file, of all things');
    await expect(open()).rejects.toThrow(SpoolUnusableError);
    await expect(open()).rejects.toThrow(`${folder()} cannot be written to`);
  });
});
