import { expect } from 'vitest';

export type Series = { name: string; labels: Record<string, string>; value: number };

/** What a scrape said. */
export class Scrape {
  readonly text: string;
  readonly series: readonly Series[];

  constructor(text: string) {
    this.text = text;
    this.series = text.split('\n').filter(isSample).map(readSample);
  }

  /** The only series that has these labels, and perhaps others; undefined without one. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const found = this.series.filter(
      (series) =>
        series.name === name && Object.entries(labels).every(([key, text]) => series.labels[key] === text),
    );
    expect(found.length, `${name} ${JSON.stringify(labels)}`).toBeLessThan(2);
    return found[0]?.value;
  }

  /** Of all its series. */
  sum(name: string): number {
    return this.series.reduce((sum, series) => sum + (series.name === name ? series.value : 0), 0);
  }

  /** The values that a label has, sorted. */
  labelValues(name: string, label: string): string[] {
    const values = this.series.flatMap((series) =>
      series.name === name ? [series.labels[label] ?? ''] : [],
    );
    return [...new Set(values)].toSorted();
  }
}

export async function scrape(url: string, key: string | null = null): Promise<Scrape> {
  const headers = key === null ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(`${url}/metrics`, { headers });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return new Scrape(text);
}

function isSample(line: string): boolean {
  return line.trim() !== '' && !line.startsWith('#');
}

function readSample(line: string): Series {
  const [, name = '', labels = '', value = ''] = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
  expect(name, line).not.toBe('');
  const pairs = [...labels.matchAll(/([a-z_]\w*)="((?:[^"\\]|\\.)*)"/gi)];
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text])),
    value: value === 'Nan' ? Number.NaN : Number(value.replace(/^([+-]?)Inf$/, '$1Infinity')),
  };
}
