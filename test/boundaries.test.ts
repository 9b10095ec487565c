import { execFile } from 'node:child_process';
import { cp, glob, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ICruiseResult } from 'dependency-cruiser';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What `npm run check:boundaries` would say in `directory`. */
async function cruise(directory: string): Promise<ICruiseResult> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      join(root, 'node_modules/.bin/depcruise'),
      'src',
      '--config',
      join(root, '.dependency-cruiser.cjs'),
      '--output-type',
      'json',
    ],
    { cwd: directory, maxBuffer: 2 ** 26 },
  );
  return JSON.parse(stdout) as ICruiseResult;
}

async function cruiseFiles(files: Record<string, string>): Promise<ICruiseResult> {
  const directory = await mkdtemp(join(tmpdir(), 'malipo-boundaries-'));
  try {
    for (const name of ['package.json', 'tsconfig.json']) await cp(join(root, name), join(directory, name));
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), text);
    }
    return await cruise(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Each violation as one line; a module of a package by its package's name. */
const told = ({ summary }: ICruiseResult) =>
  summary.violations.map(({ rule, from, to }) => {
    const target = to.replace(/^.*node_modules\/((?:@[^/]+\/)?[^/]+)\/.*$/, '$1');
    return `${rule.name}: ${from} → ${target}`;
  });

describe('in a house with one fault of each kind', () => {
  const files = {
    'src/app.ts': `import { settle } from './transactions/settle.ts';\nexport const app = settle;\n`,
    'src/lib/clock.ts': `export type Clock = () => Date;\n`,
    'src/database/database.ts': `export type Database = object;\n`,
    'src/transactions/settle.ts': `import type { Clock } from '../lib/clock.ts';
      import type { Database } from '../database/database.ts';
      export const settle = (_: Clock, __: Database) => 0;\n`,

    'src/daraja/push.ts': `import type { Database } from '../database/database.ts';\nexport type Push = Database;\n`,
    'src/simulator/daraja.ts': `import type { Push } from '../daraja/push.ts';\nexport type P = Push;\n`,
    'src/feed/one.ts': `import type { Two } from './two.ts';\nexport type One = Two | 1;\n`,
    'src/feed/two.ts': `import type { One } from './one.ts';\nexport type Two = One | 2;\n`,
    'src/access/keys.ts': `import type { Shared } from '../services/shared.ts';\nexport type Key = Shared;\n`,
    'src/services/shared.ts': `import type { Clock } from '../lib/clock.ts';\nexport type Shared = Clock;\n`,
    'src/config/config.ts': `import type { Clock } from '../lib/clock.ts';
      import { app } from '../app.ts';
      export const config = (_: Clock) => app;\n`,
    'src/lib/rows.ts': `import type { PrismaClient } from '@prisma/client';\nexport type Rows = PrismaClient;\n`,
    'src/reconciliation/error.ts': `export { GraphQLError } from 'graphql';\n`,
    'src/http/server.ts': `import { expect } from 'vitest';\nexport const server = expect;\n`,
    'src/http/probe.ts': `import { probe } from '../../test/probe.ts';\nexport const p = probe;\n`,
    'src/http/gone.ts': `export { gone } from './not-there.ts';\n`,
    'src/graphql/alone.ts': `export const alone = 0;\n`,
    'test/probe.ts': `export const probe = 0;\n`,
  };

  const faults = {
    'a type-only import across a boundary':
      'daraja-imports-only-its-row: src/daraja/push.ts → src/database/database.ts',
    'a simulator that shares code with daraja':
      'simulator-imports-only-its-row: src/simulator/daraja.ts → src/daraja/push.ts',
    'an import of the wiring': 'config-imports-only-its-row: src/config/config.ts → src/app.ts',
    'an import from a folder without a row':
      'access-imports-only-its-row: src/access/keys.ts → src/services/shared.ts',
    'a folder without a row': 'folder-without-a-row: src/services/shared.ts → src/lib/clock.ts',
    'a cycle of types': 'no-cycles: src/feed/one.ts → src/feed/two.ts',
    'a database where none belongs': 'no-database-driver-here: src/lib/rows.ts → @prisma/client',
    'GraphQL outside its folder': 'graphql-stays-in-graphql: src/reconciliation/error.ts → graphql',
    'a dev dependency': 'no-dev-dependency-in-src: src/http/server.ts → vitest',
    'a test in src': 'src-stands-alone: src/http/probe.ts → test/probe.ts',
    'an import of nothing': 'no-unresolvable: src/http/gone.ts → ./not-there.ts',
    'a file that nobody needs': 'no-orphans: src/graphql/alone.ts → src/graphql/alone.ts',
  };

  let found: string[];
  beforeAll(async () => void (found = told(await cruiseFiles(files))));

  it.each(Object.entries(faults))('finds %s', (_, fault) => {
    expect(found).toContain(fault);
  });

  it('finds nothing else', () => {
    expect(found.toSorted()).toEqual(Object.values(faults).toSorted());
  });
});

it('sees every file of src, and types as well as values', async () => {
  const { modules } = await cruise(root);
  const files = await Array.fromAsync(glob('src/**/*.ts', { cwd: root }));
  const seen = new Set(modules.map(({ source }) => source));
  expect(files.length).toBeGreaterThan(60);
  expect(files.filter((file) => !seen.has(file))).toEqual([]);

  const imports = modules.flatMap(({ dependencies }) => dependencies);
  const ofTypes = imports.filter(({ dependencyTypes }) => dependencyTypes.includes('type-only'));
  expect(ofTypes.length).toBeGreaterThan(40);
  expect(imports.length - ofTypes.length).toBeGreaterThan(100);
});
