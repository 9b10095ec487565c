type Memory = { rss: number; heapUsed: number; external: number };

/** In kilobytes of 1,024 bytes. */
export type MemoryPerWatcher = { rssKb: number; heapKb: number };

export function memoryPerWatcher(before: Memory, after: Memory, count: number): MemoryPerWatcher {
  const heap = ({ heapUsed, external }: Memory): number => heapUsed + external;
  return {
    rssKb: (after.rss - before.rss) / count / 1024,
    heapKb: (heap(after) - heap(before)) / count / 1024,
  };
}
