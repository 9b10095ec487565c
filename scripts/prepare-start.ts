/**
 * Does once what every start would do again: compiles Malipo and the packages that it uses, and makes an empty embedded
 * database to copy. Both are kept in node_modules/.cache; a start without them takes longer, and nothing else.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledCode } from '../src/lib/installation-cache.ts';

enableCompileCache(compiledCode);
try {
  const { makeTemplate } = await import('../src/database/embedded-template.ts');
  await makeTemplate();
  await startOnce();
  // The rest of what some starts load.
  await import('../src/start.ts');
  await import('../src/database/postgres.ts');
} catch (error) {
  console.error('Starts will take longer, because they could not be prepared:', error);
}

async function startOnce(): Promise<void> {
  const { createApp } = await import('../src/app.ts');
  const { readConfig } = await import('../src/config/config.ts');
  const { readSimulatorSettings } = await import('../src/simulator/settings.ts');
  const folder = await mkdtemp(join(tmpdir(), 'malipo-prepare-'));
  try {
    const config = readConfig({ DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'error' });
    const simulator = readSimulatorSettings({ SIMULATOR_PORT: '0' });
    const app = await createApp(config, { simulator, drainMs: 0 });
    await app[Symbol.asyncDispose]();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
