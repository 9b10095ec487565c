import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApp } from '../support/test-app.ts';
import { transports, type Request } from './support/transports.ts';

/** Case 21: documents that are sent to be remembered. */

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let test: TestApp;
beforeAll(async () => {
  test = await TestApp.start();
});
afterAll(() => test[Symbol.asyncDispose]());

let sent = 0;

/** Ever new, as long as is allowed, and dear to keep: a document that is parsed takes many times its text. */
const documents: Record<string, () => Request> = {
  'of many fields': () => ({
    query: `query Q${(sent += 1)} { server { ${'version '.repeat(900)} } } #${'x'.repeat(8_000)}`,
  }),
  'padded by comments': () => ({ query: `{ __typename } #${(sent += 1)}${'x'.repeat(16_000)}` }),
  'that differ in blanks': () => ({ query: `{ __typename }${' '.repeat((sent += 1) % 16_000)}` }),
  'that are wrong': () => ({ query: `{ nope${(sent += 1)} } #${'x'.repeat(16_000)}` }),
  'that cannot be parsed': () => ({ query: `{ ${'x '.repeat(900)} ${(sent += 1)}` }),
};

async function flood(make: () => Request, count: number): Promise<void> {
  for (let index = 0; index < count; index += 3)
    await Promise.all(transports.slice(0, 2).map(({ ask }) => ask(test, make())));
}

function usedMb(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

it.each(Object.entries(documents))(
  'hundreds of documents %s are not kept',
  async (_, make) => {
    // What is kept for good is kept by then: 128 of them, or 512 KB of text.
    await flood(make, 300);
    const before = usedMb();
    await flood(make, 1_200);
    // Each of the first kind takes some 200 KB: all of them would be 160 MB.
    expect(usedMb() - before).toBeLessThan(25);
  },
  60_000,
);
