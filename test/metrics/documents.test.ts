import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parser } from '@prometheus-io/lezer-promql';
import { beforeAll, describe, expect, it } from 'vitest';
import { scrape } from '../support/scrape.ts';
import { TestApp, testKey } from '../support/test-app.ts';

type Dashboard = {
  uid: string;
  title: string;
  schemaVersion: number;
  time: { from: string; to: string };
  templating: { list: { name: string; type: string; query: unknown }[] };
  panels: Panel[];
};

type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { type: string; uid: string };
  fieldConfig?: { defaults: { unit: string } };
  targets?: { refId: string; expr: string }[];
};

const read = (file: string) =>
  readFile(join(fileURLToPath(new URL('../../docs/', import.meta.url)), file), 'utf8');
const operations = await read('operations.md');
const dashboard = JSON.parse(await read('grafana-dashboard.json')) as Dashboard;
const charts = dashboard.panels.filter(({ type }) => type !== 'row');

const alerts = [...operations.matchAll(/^ +- alert: (\w+)\n +expr: (.+)$/gm)].map(
  ([, name = '', expr = '']) => ({ name, expr }),
);
/** What the text has for a reader to paste. */
const inText = [...operations.matchAll(/`([^`\n]*\([^`\n]*malipo_[^`\n]*)`/g)].map(([, expr = '']) => expr);
const onDashboard = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const expressions = [...alerts.map(({ expr }) => expr), ...inText, ...onDashboard];

/** Prometheus knows these of each target by itself. */
const ofPrometheus = new Set(['up']);

type Reading = { isValid: boolean; metrics: string[]; counters: string[]; labels: string[] };

/** What an expression is about, by Prometheus' own grammar, with Grafana's variables filled in as Grafana would. */
function readExpression(expr: string): Reading {
  const text = expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'malipo');
  const reading: Reading = { isValid: true, metrics: [], counters: [], labels: [] };
  let functionName = '';
  parser.parse(text).iterate({
    enter({ type, name, from, to, node }) {
      const word = text.slice(from, to);
      if (type.isError) reading.isValid = false;
      if (name === 'FunctionIdentifier') functionName = word;
      if (name === 'LabelName') reading.labels.push(word);
      if (name !== 'Identifier' || node.parent?.name !== 'VectorSelector') return;
      reading.metrics.push(word);
      if (node.parent.parent?.name === 'MatrixSelector' && ['rate', 'increase'].includes(functionName))
        reading.counters.push(word);
    },
  });
  return reading;
}

describe('the expressions of operations.md and of the dashboard', () => {
  let types: Map<string, string>;
  beforeAll(async () => {
    await using test = await TestApp.start();
    const { text } = await scrape(test.url, testKey);
    types = new Map(
      [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
    );
  });

  /** A histogram is exposed as three series. */
  const typeOf = (name: string): string | undefined => {
    const [, base] = /^(\w+)_(?:bucket|sum|count)$/.exec(name) ?? [];
    return base !== undefined && types.get(base) === 'histogram' ? 'histogram' : types.get(name);
  };

  it('are there', () => {
    expect(alerts.length).toBeGreaterThan(15);
    expect(inText.length).toBeGreaterThan(3);
    expect(onDashboard.length).toBeGreaterThan(40);
  });

  it.each(expressions)('are PromQL: %s', (expr) => {
    const { isValid, metrics } = readExpression(expr);
    expect(isValid).toBe(true);
    expect(metrics.length).toBeGreaterThan(0);
  });

  it.each(expressions)('name metrics that are exposed: %s', (expr) => {
    for (const name of readExpression(expr).metrics) {
      const type = typeOf(name);
      expect(ofPrometheus.has(name) || type !== undefined, name).toBe(true);
      // The bare name of a histogram has no series.
      expect(type === 'histogram' && types.get(name) === 'histogram', name).toBe(false);
    }
  });

  it.each(expressions)('take the rate of what only rises: %s', (expr) => {
    const { counters } = readExpression(expr);
    for (const name of counters) expect(['counter', 'histogram'], name).toContain(typeOf(name));
  });

  it('would be found wrong if they were', () => {
    expect(readExpression('sum by le (rate(x[5m]').isValid).toBe(false);
    expect(readExpression('rate(malipo_watchers[5m])').counters).toEqual(['malipo_watchers']);
    expect(typeOf('malipo_watchers')).toBe('gauge');
    expect(typeOf('malipo_no_such_thing')).toBeUndefined();
  });

  it('and the text around them name no metric that is not exposed', () => {
    const named = new Set([...operations.matchAll(/(?<!-)malipo_[a-z_]+/g)].map(([name]) => name));
    for (const name of named) expect(typeOf(name), name).toBeDefined();
  });

  it('leave out no metric of ours: what nobody looks at need not be counted', () => {
    const used = new Set(expressions.flatMap((expr) => readExpression(expr).metrics));
    const isUsed = (name: string) => [name, ...['bucket', 'sum', 'count'].map((end) => `${name}_${end}`)];
    const idle = [...types.keys()].filter(
      (name) => name.startsWith('malipo_') && !isUsed(name).some((series) => used.has(series)),
    );
    // Names the jobs that the dashboard offers.
    expect(idle).toEqual(['malipo_info']);
    expect(JSON.stringify(dashboard.templating)).toContain('label_values(malipo_info, job)');
  });
});

describe('the alerts', () => {
  it('each have a section that says what to do', () => {
    const [, runbooks = ''] = operations.split('## When something is wrong');
    for (const { name } of alerts) expect(runbooks, name).toContain(`\`${name}\``);
  });

  it('each have a severity and a summary, and a name of their own', () => {
    const [, rules = ''] = operations.split('- name: malipo');
    const each = rules.split('- alert: ').slice(1);
    expect(each).toHaveLength(alerts.length);
    for (const rule of each) expect(rule).toMatch(/severity: (page|ticket) }\n +annotations:\s+{ summary: '/);
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  });
});

it('the links within operations.md lead somewhere', () => {
  const anchors = [...operations.matchAll(/^##+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...operations.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
  expect(links.length).toBeGreaterThan(15);
  expect(links.filter((link) => !anchors.includes(link))).toEqual([]);
});

describe('the dashboard', () => {
  it('has what Grafana needs to import it', () => {
    expect(dashboard).toMatchObject({
      uid: 'malipo',
      title: 'Malipo',
      schemaVersion: expect.any(Number),
      time: { from: expect.any(String), to: 'now' },
    });
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
    ]);
  });

  it.each(charts)('gives $title a unit, an explanation and something to draw', (panel) => {
    expect(panel).toMatchObject({
      type: expect.stringMatching(/^(timeseries|stat)$/),
      description: expect.stringMatching(/\S/),
      datasource: { type: 'prometheus', uid: expect.stringMatching(/^\$\{datasource\}$/) },
      fieldConfig: { defaults: { unit: expect.stringMatching(/^(short|s|ops|reqps|bytes|percentunit)$/) } },
    });
    const refIds = panel.targets?.map(({ refId }) => refId) ?? [];
    expect(refIds.length).toBeGreaterThan(0);
    expect(new Set(refIds).size).toBe(refIds.length);
  });

  it('shows one job at a time', () => {
    for (const expr of onDashboard) {
      const { metrics, labels } = readExpression(expr);
      expect(labels.filter((label) => label === 'job').length, expr).toBe(metrics.length);
    }
  });

  it('lays its panels beside each other, each with an id of its own', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
