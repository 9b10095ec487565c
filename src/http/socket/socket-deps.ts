import type { Connections } from '../../access/connections/connection.ts';
import type { Graphql } from '../../graphql/yoga.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { TaskSet } from '../../lib/task-set.ts';
import type { Door } from '../door.ts';
import type { HttpObserver } from '../server.ts';
import type { ClientSocket } from './client-socket.ts';
import type { Heartbeat } from './heartbeat.ts';

/** What all sessions share. */
export type SocketDeps = {
  graphql: Graphql;
  door: Door;
  /** All that is open, whoever closes it. */
  connections: Connections;
  /** All sockets, whether or not they were let in. */
  sockets: Set<ClientSocket>;
  heartbeat: Heartbeat;
  /** Queries and mutations that are under way. */
  underWay: TaskSet;
  /** After about this long a client is to connect anew, in milliseconds. */
  socketAgeMs: number;
  clock: Clock;
  logger: Logger;
  observe: HttpObserver;
};
