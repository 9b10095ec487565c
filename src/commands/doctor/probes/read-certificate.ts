import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { within } from '../../../lib/within.ts';

export type Certificate = {
  host: string;
  /** Node's or OpenSSL's code of why it is not trusted; null when it is. */
  fault: string | null;
  validTo: Date;
};

/** The certificate that is shown to whoever comes to `url`. Throws where no TLS is spoken. */
export async function readCertificate(url: string, patienceMs: number): Promise<Certificate> {
  const { hostname, port, host } = new URL(url);
  const address = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host: address,
    port: Number(port || 443),
    // A certificate that is not trusted is to be read, too. Nothing is sent to whoever shows it.
    rejectUnauthorized: false,
    ...(isIP(address) === 0 ? { servername: address } : {}),
  });
  try {
    await within(once(socket, 'secureConnect'), patienceMs);
    const { valid_to: validTo } = socket.getPeerCertificate();
    return {
      host,
      fault: socket.authorized ? null : faultOf(socket.authorizationError),
      validTo: new Date(validTo),
    };
  } finally {
    socket.destroy();
  }
}

/** Declared as an error, and in truth most often its code. */
function faultOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
