import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { forOneOf, readProcesses } from '../../src/processes/process-count.ts';

const configWith = (ports: Record<string, string>) =>
  readConfig({ DATABASE_URL: 'postgresql://localhost/malipo', ...ports });

describe('of several processes', () => {
  it('each has a port of its own for its metrics, and keeps it', () => {
    const config = configWith({ METRICS_PORT: '9464' });
    expect(readProcesses('3', config)).toBe(3);
    expect([0, 1, 2].map((place) => forOneOf(3, place, config).metrics)).toEqual([
      { port: 9464, isPortShared: true },
      { port: 9465, isPortShared: true },
      { port: 9466, isPortShared: true },
    ]);
  });

  it('none has a port for metrics that was not asked for', () => {
    expect(forOneOf(3, 1, configWith({})).metrics).toEqual({ port: null, isPortShared: true });
  });

  it.each([
    { METRICS_PORT: '65534' },
    { METRICS_PORT: '3998' },
    { METRICS_PORT: '9000', CALLBACK_PORT: '9002' },
  ])('the ports after METRICS_PORT must be free: %s', (ports) => {
    expect(() => readProcesses('3', configWith(ports))).toThrow(/METRICS_PORT must leave room for 3/);
    expect(readProcesses('1', configWith(ports))).toBe(1);
  });
});
