import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../support/test-app.ts';

/** `fetch` lets nobody choose the Host. */
async function getPage(url: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const asked = request(`${url}/graphql`, { headers: { accept: 'text/html', ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the GraphiQL page', () => {
  let dataDir: string;
  let test: TestApp;
  let key: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'malipo-graphiql-'));
    test = await TestApp.start({ env: { DATA_DIR: dataDir, BOOTSTRAP_API_KEY: '' } });
    key = await readFile(join(dataDir, 'development-key'), 'utf8');
  });

  afterAll(async () => {
    await test[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  it('has the development key filled in for a browser on this machine', async () => {
    expect(key).toMatch(/^mlp_test_/);
    const { status, text } = await getPage(test.url);
    expect(status).toBe(200);
    expect(text.includes(`Bearer ${key}`)).toBe(true);
    expect(text.includes('Malipo: simulator, no money moves')).toBe(true);
  });

  it.each([
    { host: 'example.com' },
    { host: 'localhost.example.com' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-host': 'localhost' },
    { 'x-real-ip': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
    { via: '1.1 tunnel' },
  ])('does not show it to who may be elsewhere: %o', async (headers) => {
    const { status, text } = await getPage(test.url, headers);
    expect(status).toBe(200);
    expect(text.includes(key)).toBe(false);
    expect(text.includes('Bearer mlp_your_key')).toBe(true);
  });

  it('loads nothing from anywhere else', async () => {
    const { text } = await getPage(test.url);
    expect(text).toMatch(/<head>\s*<meta http-equiv="Content-Security-Policy" content="default-src 'none';/);
    const markup =
      text.slice(0, text.indexOf('<style>')) + text.slice(text.indexOf('</style>')).slice(0, 500);
    expect([...markup.matchAll(/(?:src|href)="(?!data:)/g)]).toEqual([]);
    expect([...text.matchAll(/<script[^>]+src=/g)]).toEqual([]);
  });

  it('is for browsers: without its Accept, a credential is asked for', async () => {
    expect((await fetch(`${test.url}/graphql`)).status).toBe(401);
  });
});

describe('in production', () => {
  it('there is no page', async () => {
    await using test = await TestApp.start({ config: { environment: 'PRODUCTION' } });
    const { status, text } = await getPage(test.url);
    expect(status).toBe(401);
    expect(text.includes('UNAUTHENTICATED')).toBe(true);
  });
});
