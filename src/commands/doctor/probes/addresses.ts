import type { Config } from '../../../config/config.ts';
import type { Env } from '../../../config/env.ts';

/** Where things are, without trailing slashes. Null: that cannot be known before they run. */
export type Addresses = {
  daraja: string | null;
  /** The server of this machine, spoken to without any proxy. */
  server: string | null;
  /** Where M-Pesa is told to post. */
  callbacks: string | null;
  /** Whether somebody hands the callbacks on to this server: it speaks no TLS itself. */
  isCallbackForwarded: boolean;
};

export function findAddresses(config: Config, env: Env): Addresses {
  const server = localUrl(config.host, config.port);
  const callbackServer = config.callbackPort === null ? server : localUrl(config.host, config.callbackPort);
  const callbacks = config.callbackBaseUrl ?? callbackServer;
  return {
    daraja: config.simulator === null ? config.daraja.baseUrl : builtInSimulator(env),
    server,
    callbacks,
    isCallbackForwarded: callbacks !== server && callbacks !== callbackServer,
  };
}

/** A server that listens everywhere is spoken to on this machine. */
function localUrl(host: string, port: number): string | null {
  if (port === 0) return null;
  const local = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${local.includes(':') ? `[${local}]` : local}:${port}`;
}

/** It runs within the server, and these are its defaults (src/simulator/settings.ts). */
function builtInSimulator(env: Env): string | null {
  const port = env['SIMULATOR_PORT']?.trim() || '4100';
  return /^\d{1,5}$/.test(port) ? localUrl(env['SIMULATOR_HOST']?.trim() || '127.0.0.1', Number(port)) : null;
}
