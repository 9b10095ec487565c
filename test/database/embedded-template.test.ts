import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { copyTemplate } from '../../src/database/embedded-template.ts';

let folder: string;
let template: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'malipo-template-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  template = join(folder, 'template');
  await mkdir(template);
  await writeFile(join(template, 'PG_VERSION'), '18');
});

it('a new database begins as a copy of the template', async () => {
  copyTemplate(join(folder, 'postgres'), template);
  expect(await readdir(join(folder, 'postgres'))).toEqual(['PG_VERSION']);
  expect(await readdir(folder)).toEqual(['postgres', 'template']);
});

it('a database that is there is left alone', async () => {
  await mkdir(join(folder, 'postgres'));
  copyTemplate(join(folder, 'postgres'), template);
  expect(await readdir(join(folder, 'postgres'))).toEqual([]);
});

it('a template for reading only is copied for writing', async () => {
  await mkdir(join(template, 'base'), { mode: 0o555 });
  await chmod(join(template, 'PG_VERSION'), 0o444);
  copyTemplate(join(folder, 'postgres'), template);
  const modeOf = async (path: string) => (await stat(join(folder, 'postgres', path))).mode & 0o777;
  expect([await modeOf('.'), await modeOf('base'), await modeOf('PG_VERSION')]).toEqual([
    0o700, 0o700, 0o600,
  ]);
});

it('a copy that was broken off is begun anew', async () => {
  await mkdir(join(folder, 'postgres.copying'));
  await writeFile(join(folder, 'postgres.copying', 'half'), '');
  copyTemplate(join(folder, 'postgres'), template);
  expect(await readdir(join(folder, 'postgres'))).toEqual(['PG_VERSION']);
});

it('without a template, or with one that cannot be copied, nothing is left behind', async () => {
  copyTemplate(join(folder, 'postgres'), join(folder, 'missing'));
  copyTemplate(join(template, 'within'), template);
  expect(await readdir(folder, { recursive: true })).toEqual(['template', 'template/PG_VERSION']);
});
