import type { FastifyRequest } from 'fastify';
import { ControlRefusal } from './control-refusal.ts';

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/**
 * The control API shows phone numbers and secret callback URLs to anyone who can reach it, so no web page may. A
 * page's requests carry `Origin`; a page that points its own host name at 127.0.0.1 (DNS rebinding) carries that
 * name in `Host`.
 */
export function assertLocal(request: FastifyRequest, ownHost: string): void {
  if (request.headers.origin !== undefined) {
    throw new ControlRefusal('FORBIDDEN', 'The control API is not for web pages.', ['Origin']);
  }
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const own = ownHost.includes(':') ? `[${ownHost}]` : ownHost;
  if (loopback.test(name) || name === own.toLowerCase()) return;
  throw new ControlRefusal('FORBIDDEN', 'Ask for the control API by a loopback address.', ['Host']);
}
