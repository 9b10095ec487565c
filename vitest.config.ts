import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const jsonReport = process.env['VITEST_JSON'];

export default defineConfig({
  resolve: {
    alias: [
      // vitest resolves our own imports with the condition `development`, which graphql 17 answers with a second copy of
      // itself, while Yoga, Pothos and graphql-ws get from Node what the server gets. An error of one copy is no
      // `instanceof` the other's class, so its message would be masked. test/one-graphql.test.ts watches over this line.
      { find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: [process.env['CI'] ? 'dot' : 'default', ...(jsonReport ? ['json'] : [])],
    ...(jsonReport ? { outputFile: { json: jsonReport } } : {}),
  },
});
