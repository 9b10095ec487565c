import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';

/** A Redis of a test's own, on a free port, which may be stopped and started as the test likes. */
export type RedisServer = AsyncDisposable & {
  url: string;
  /** On the same port as before; resolves once it answers. */
  start(): Promise<void>;
  /** As an operator stops it: its clients see their connections end. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** It keeps its connections and answers nothing: what a client sees of a host that froze. */
  pause(): void;
  resume(): void;
};

/** Whether a test may start one: where it must be there, its tests run and fail without it. */
export const hasRedisServer = process.env['CI'] !== undefined || (await canRun());

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  let child: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null) return;
    const exited = once(ending, 'exit');
    // A process that is paused hears nothing but SIGKILL.
    ending.kill('SIGCONT');
    ending.kill(signal);
    await exited;
  };
  const start = async (): Promise<void> => {
    child = spawn('redis-server', serverArguments(port), { stdio: 'ignore' });
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${String(child.exitCode)}`);
      await sleep(20);
    }
  };
  await start();
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
}

function serverArguments(port: number): string[] {
  return ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return String(answer).startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function canRun(): Promise<boolean> {
  const child = spawn('redis-server', ['--version'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
