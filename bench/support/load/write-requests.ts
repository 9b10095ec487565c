import { closeSync, openSync, writeSync } from 'node:fs';

export type HttpPost = { path: string; body: string; headers?: { [name: string]: string } };

const chunkBytes = 1 << 20;

/** Writes requests as they go over the wire, each behind its length, for a load generator that has only to send them. */
export function writeRequests(file: string, posts: Iterable<HttpPost>): void {
  const output = openSync(file, 'w');
  const chunk = Buffer.alloc(chunkBytes);
  let used = 0;
  for (const post of posts) {
    const text = wireText(post);
    const length = Buffer.byteLength(text);
    if (used + 4 + length > chunkBytes) used = flush(output, chunk, used);
    chunk.writeUInt32LE(length, used);
    chunk.write(text, used + 4);
    used += 4 + length;
  }
  flush(output, chunk, used);
  closeSync(output);
}

function flush(output: number, chunk: Buffer, used: number): number {
  writeSync(output, chunk, 0, used);
  return 0;
}

function wireText({ path, body, headers = {} }: HttpPost): string {
  const all = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
