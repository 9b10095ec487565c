import { readFileSync } from 'node:fs';

export type Requests = { count: number; at(index: number): Uint8Array };

/** The requests that `writeRequests` wrote, in one piece of memory. */
export function readRequests(file: string): Requests {
  const bytes = readFileSync(file);
  const starts: number[] = [];
  for (let place = 0; place < bytes.length; place += 4 + bytes.readUInt32LE(place)) starts.push(place);
  return {
    count: starts.length,
    at(index) {
      const start = starts[index] ?? 0;
      return bytes.subarray(start + 4, start + 4 + bytes.readUInt32LE(start));
    },
  };
}
