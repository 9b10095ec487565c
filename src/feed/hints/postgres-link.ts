import { Socket } from 'node:net';
import { Client } from 'pg';
import type { CreateHintLink } from './hint-link.ts';

const channel = 'malipo_hints';

/**
 * LISTEN and NOTIFY on a connection of their own, never within a transaction that settles: whoever notifies takes a
 * lock of the whole database when it commits.
 */
export function postgresLink(url: string): CreateHintLink {
  return (on) => {
    const socket = new Socket();
    const client = new Client({
      connectionString: url,
      // Ours, to be able to end it at once: the client's own way waits for an answer.
      stream: () => socket,
      keepAlive: true,
      application_name: 'malipo hints',
    });
    client.on('notification', ({ payload = '' }) => on.hint(payload));
    client.on('error', (error) => on.lost(error));
    return {
      async open() {
        await client.connect();
        // What is lost in a crash is a hint: it need not wait for the disk.
        await client.query('set synchronous_commit = off');
        await client.query(`listen ${channel}`);
      },
      send: (hint) => client.query('select pg_notify($1, $2)', [channel, hint]),
      ping: () => client.query('select'),
      destroy: () => void socket.destroy(),
    };
  };
}
