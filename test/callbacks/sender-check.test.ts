import { describe, expect, it } from 'vitest';
import { createSenderCheck, type SenderRules } from '../../src/callbacks/sender-check.ts';

const rules: SenderRules = {
  tokenPath: ['196.201.214.200', '10.0.0.0/8', '2001:db8::/32'],
  sharedPath: ['127.0.0.0/8', '::1'],
  trustForwarded: false,
};

const check = (changes: Partial<SenderRules> = {}) => createSenderCheck({ ...rules, ...changes });
const from = (address: string, isForwarded = false) => ({ address, isForwarded });

describe('an address', () => {
  it.each([
    '196.201.214.200',
    '10.0.0.1',
    '10.255.255.255',
    '2001:db8::5',
    '::ffff:10.1.2.3',
    '::FFFF:196.201.214.200',
  ])('%s that is listed, by itself or in a block, may post', (address) => {
    expect(check().mayUseToken(from(address))).toBe(true);
  });

  it.each(['196.201.214.201', '11.0.0.1', '127.0.0.1', '2001:db9::1', '::ffff:11.0.0.1', '::1'])(
    '%s that is not listed may not',
    (address) => {
      expect(check().mayUseToken(from(address))).toBe(false);
    },
  );

  it.each(['', 'unknown', '10.0.0', '10.0.0.1:80', '10.0.0.1, 10.0.0.2', 'localhost'])(
    '%j that is none may not',
    (address) => {
      expect(check().mayUseToken(from(address))).toBe(false);
    },
  );

  it('is listed for each path apart', () => {
    expect(check().mayUseSharedPath(from('10.0.0.1'))).toBe(false);
    expect(check().mayUseSharedPath(from('127.0.0.1'))).toBe(true);
    expect(check().mayUseSharedPath(from('::ffff:127.0.0.1'))).toBe(true);
  });
});

describe('a post that was forwarded', () => {
  it('says nothing about where it comes from when no proxy is trusted', () => {
    expect(check().mayUseToken(from('10.0.0.1', true))).toBe(false);
    expect(check().mayUseSharedPath(from('127.0.0.1', true))).toBe(false);
  });

  it('comes from the address that a trusted proxy names', () => {
    expect(check({ trustForwarded: true }).mayUseToken(from('10.0.0.1', true))).toBe(true);
  });
});

it('anyone may post to a token path without a list, because the token proves enough', () => {
  const open = check({ tokenPath: null });
  expect(open.mayUseToken(from('203.0.113.9', true))).toBe(true);
  expect(open.mayUseSharedPath(from('203.0.113.9'))).toBe(false);
});

it('nobody may post to a path with an empty list', () => {
  expect(check({ sharedPath: [] }).mayUseSharedPath(from('127.0.0.1'))).toBe(false);
});
