import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findProgram } from './find-program.ts';
import { freePort } from './free-port.ts';
import { Service } from './service.ts';

export type Redis = { service: Service; url: string };

/** Starts a Redis of our own that keeps nothing on disk. */
export async function startRedis(folder: string): Promise<Redis> {
  const port = await freePort();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const service = new Service({
    name: 'Redis',
    command: {
      file: findProgram('redis-server'),
      args: [...settings, '--dir', folder],
      log: join(folder, 'redis.log'),
    },
    isReady: () => answers(port),
  });
  service.start();
  return { service, url: `redis://127.0.0.1:${port}` };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').setTimeout(1_000, () => socket.destroy(new Error('no answer')));
  try {
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString().startsWith('+PONG');
  } finally {
    socket.destroy();
  }
}
