import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { createClientAddress } from '../../src/http/client-address.ts';

const proxies = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'];

function addressOf(
  peer: string | undefined,
  forwarded?: string,
  trusted: readonly string[] = proxies,
): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const request: unknown = { headers, socket: { remoteAddress: peer } };
  return createClientAddress(trusted)(request as Pick<IncomingMessage, 'headers' | 'socket'>);
}

it.each<[string, string, string | undefined, string | undefined, (readonly string[])?]>([
  ['is its peer', '203.0.113.7', '203.0.113.7', undefined],
  ['is its peer, whatever it claims, where no proxy is trusted', '127.0.0.1', '127.0.0.1', '192.0.2.1', []],
  ['is its peer, whatever it claims, if that is no proxy', '203.0.113.7', '203.0.113.7', '192.0.2.1'],
  ['is what its proxy says', '192.0.2.1', '127.0.0.1', '192.0.2.1'],
  ['is what the last proxy of several says', '192.0.2.1', '127.0.0.1', '192.0.2.1, 10.0.0.2, 10.1.2.3'],
  ['is what no proxy that it made up says', '192.0.2.1', '127.0.0.1', '198.51.100.1, 192.0.2.1'],
  ['is the proxy’s where that says nothing', '127.0.0.1', '127.0.0.1', undefined],
  ['is the proxy’s where that says something empty', '127.0.0.1', '127.0.0.1', ' , '],
  ['is written as IPv4 on a socket of both families', '203.0.113.7', '::ffff:203.0.113.7', undefined],
  ['is its network in IPv6', '2001:db8:1:2::/64', '2001:db8:1:2:3:4:5:6', undefined],
  ['is its network however that is shortened', '2001:db8:0:0::/64', '2001:db8::1', undefined],
  ['is its network of zeros', '0:0:0:0::/64', '::1', undefined],
  ['is its network behind a proxy in IPv6', '2001:db8:1:2::/64', 'fd00::1', '2001:db8:1:2::9'],
  ['is nothing of a socket that is gone', '', undefined, undefined],
])('where a request comes from %s: %s', (_, expected, peer, forwarded, trusted) => {
  expect(addressOf(peer, forwarded, trusted)).toBe(expected);
});
