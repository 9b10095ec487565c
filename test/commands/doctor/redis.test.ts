import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisServer, startRedis, type RedisServer } from '../../support/redis-server.ts';
import { examine, verdicts } from './support/examine.ts';

it('nothing is asked where REDIS_URL is not set', async () => {
  expect(await verdicts('redis', {})).toEqual(['REDIS_UNUSED ok']);
});

it('a Redis that is down is a problem', async () => {
  expect(await verdicts('redis', { REDIS_URL: 'redis://127.0.0.1:1' })).toEqual([
    'REDIS_UNREACHABLE problem',
  ]);
});

describe.skipIf(!hasRedisServer)('a Redis that runs', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
    const client = await createClient({ url: redis.url }).connect();
    const allow = (name: string, ...rules: string[]) =>
      client.sendCommand(['ACL', 'SETUSER', name, 'on', '>the-password', '~*', ...rules]);
    await allow('everything', '&*', '+@all');
    await allow('hints', '&malipo:hints', '+@connection', '+info', '+publish', '+subscribe');
    await allow('elsewhere', '&other', '+@all');
    client.destroy();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  const as = (user: string) => ({ REDIS_URL: redis.url.replace('redis://', `redis://${user}@`) });

  it.each([
    ['REDIS_ANSWERS ok', 'everything:the-password'],
    ['REDIS_ANSWERS ok', 'hints:the-password'],
    ['REDIS_RIGHTS_MISSING problem', 'elsewhere:the-password'],
    ['REDIS_PASSWORD_WRONG problem', 'hints:another-password'],
  ])('is %s for %s', async (verdict, user) => {
    expect(await verdicts('redis', as(user))).toEqual([verdict]);
  });

  it('has its password repeated nowhere', async () => {
    const found = JSON.stringify(await examine('redis', as('hints:another-password')));
    expect(found).not.toContain('another-password');
  });

  it('that is paused is told in time', async () => {
    redis.pause();
    try {
      expect(await verdicts('redis', { REDIS_URL: redis.url }, { patienceMs: 300 })).toEqual([
        'REDIS_UNREACHABLE problem',
      ]);
    } finally {
      redis.resume();
    }
  });
});
