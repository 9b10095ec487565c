import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startProgram, type RunningProgram } from './start-program.ts';

export type PeerName =
  'express-callbacks-sqlite' | 'express-callbacks-pg' | 'apollo-prisma' | 'mercurius-jit-pg' | 'fastify-echo';

const folder = fileURLToPath(new URL('../../peers', import.meta.url));

/** A server of those that Malipo is measured against. Their packages are installed when they are first needed. */
export function startPeer(name: PeerName, env: { [name: string]: string } = {}): Promise<RunningProgram> {
  installPeers();
  return startProgram({ name, file: `${folder}/${name}.js`, env, readyPath: '/' });
}

function installPeers(): void {
  if (existsSync(`${folder}/node_modules`)) return;
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', process.stderr, process.stderr] });
}
