import { expect, it } from 'vitest';
import { createRefusalLog } from '../../src/callbacks/refusal-log.ts';
import type { Logger } from '../../src/lib/logger.ts';

it('says at once that a callback was refused, then every 10 s at most, with the count of the others', () => {
  const lines: unknown[] = [];
  const logger = { warn: (line: unknown) => lines.push(line) } as unknown as Logger;
  let now = 0;
  const log = createRefusalLog({ clock: { now: () => new Date(now) }, logger });
  for (; now < 12_000; now += 1_000) log.note('192.0.2.1', 'its address is not allowed');
  expect(lines).toMatchObject([
    { peer: '192.0.2.1', unsaid: 0 },
    { peer: '192.0.2.1', unsaid: 9 },
  ]);
});
