import { describe, expect, it } from 'vitest';
import { readSimulatorSettings } from '../../src/simulator/settings.ts';

describe('readSimulatorSettings', () => {
  it('forgives everything by default and listens on loopback', () => {
    expect(readSimulatorSettings({ SIMULATOR_PORT: '' })).toEqual({
      host: '127.0.0.1',
      port: 4100,
      delayMs: 3000,
      queryLimitPerMinute: null,
      subscriberLock: false,
      newTokenCancelsOld: false,
    });
  });

  it('turns on each of the limits of Daraja', () => {
    const env = {
      SIMULATOR_HOST: '0.0.0.0',
      SIMULATOR_PORT: '0',
      SIMULATOR_DELAY_MS: '5',
      SIMULATOR_QUERY_LIMIT_PER_MINUTE: '5',
      SIMULATOR_SUBSCRIBER_LOCK: 'true',
      SIMULATOR_NEW_TOKEN_CANCELS_OLD: 'on',
    };
    expect(readSimulatorSettings(env)).toEqual({
      host: '0.0.0.0',
      port: 0,
      delayMs: 5,
      queryLimitPerMinute: 5,
      subscriberLock: true,
      newTokenCancelsOld: true,
    });
  });

  it('names every bad value in one error', () => {
    const env = {
      SIMULATOR_HOST: 'http://here',
      SIMULATOR_PORT: '70000',
      SIMULATOR_DELAY_MS: '1.5',
      SIMULATOR_QUERY_LIMIT_PER_MINUTE: '0',
      SIMULATOR_SUBSCRIBER_LOCK: 'perhaps',
      SIMULATOR_NEW_TOKEN_CANCELS_OLD: '2',
    };
    for (const name of Object.keys(env)) expect(() => readSimulatorSettings(env)).toThrow(name);
  });
});
