import type { HintsSettings } from '../../src/config/config.ts';
import type { PrismaClient } from '../../src/database/database.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { TestApp, type TestOptions } from './test-app.ts';
import { postgresql } from './test-database.ts';

/** Two Malipos on one PostgreSQL, each with connections of its own, as on two machines. */
export type Deployment = AsyncDisposable & {
  apps: readonly [TestApp, TestApp];
  prisma: PrismaClient;
  databaseUrl: string;
};

type DeploymentOptions = Omit<TestOptions, 'databases'> & { hints: (databaseUrl: string) => HintsSettings };

export async function startDeployment({ hints, config, ...options }: DeploymentOptions): Promise<Deployment> {
  await using parts = new AsyncDisposableStack();
  const own = parts.use(await postgresql.settings());
  if (own.settings.kind !== 'postgresql') throw new Error('It is PostgreSQL');
  const { url } = own.settings;
  const start = () =>
    TestApp.start({
      ...options,
      env: { MALIPO_SECRET: 'a-secret-that-both-of-them-have-in-common', ...options.env },
      config: { hints: hints(url), ...config },
      databases: { ...postgresql, open: () => openDatabase(own.settings) },
    });
  const one = parts.use(await start());
  const other = parts.use(await start());
  const running = parts.move();
  return {
    apps: [one, other],
    prisma: one.prisma,
    databaseUrl: url,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
