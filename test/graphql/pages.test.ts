import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { storePayments } from '../support/payments.ts';
import { issueKey } from '../support/keys.ts';
import { databases } from '../support/test-database.ts';
import { TestApp } from '../support/test-app.ts';
import { clientId } from '../support/payments.ts';

type PageInfo = {
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
};
type Page = {
  edges: { cursor: string; node: { id: string } }[];
  nodes: { id: string }[];
  pageInfo: PageInfo;
  totalCount: number | null;
};
type Step = Record<string, unknown>;

const pageDocument = `
  query ($first: Int, $after: String, $last: Int, $before: String, $orderBy: TransactionOrder, $where: TransactionWhere) {
    transactions(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy, where: $where) {
      edges { cursor node { id } }
      nodes { id }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }`;

const many = 250;
/** Five payments share each millisecond: the time alone is no order. */
const createdAt = (index: number): Date => new Date(Date.UTC(2026, 10, 24, 7, 0, 0, Math.floor(index / 5)));
const globalId = (id: string): string => Buffer.from(`Transaction:${id}`).toString('base64');
const cursorOf = (id: string): string => Buffer.from(`after:${id}`).toString('base64url');

describe.each(databases.filter(({ available }) => available))('a list on the $name database', (database) => {
  let test: TestApp;
  let key: string;
  /** Global ids, oldest first. */
  let oldestFirst: string[];

  beforeAll(async () => {
    test = await TestApp.start({ databases: database });
    ({ key } = await issueKey(test.prisma, ['payments:read'], { clientId }));
    const stored = await storePayments(
      test.prisma,
      Array.from({ length: many }, (_, index) => ({
        id: newId(createdAt(index)),
        createdAt: createdAt(index),
        accountReference: index % 3 === 0 ? 'THIRD' : 'OTHER',
        status: 'COMPLETED' as const,
      })),
    );
    // Nothing may be done for them while they are counted.
    await test.prisma.openWork.deleteMany();
    oldestFirst = stored
      .map(({ id }) => id)
      .sort()
      .map(globalId);
  });

  afterAll(() => test[Symbol.asyncDispose]());

  async function page(variables: Step): Promise<Page> {
    const { data, errors } = await test.graphql(pageDocument, variables, key);
    if (data === null) throw new Error(JSON.stringify(errors));
    return data['transactions'] as Page;
  }

  const ids = ({ nodes }: Page): string[] => nodes.map(({ id }) => id);

  /** Every page from one end to the other, with what each said about itself. */
  async function walk(start: Step, size: number, forward: boolean): Promise<Page[]> {
    const pages: Page[] = [];
    let place: Step = {};
    for (;;) {
      const next = await page({ ...start, ...place, [forward ? 'first' : 'last']: size });
      pages.push(next);
      if (pages.length > many) throw new Error('The walk has no end');
      const { hasNextPage, hasPreviousPage, startCursor, endCursor } = next.pageInfo;
      if (!(forward ? hasNextPage : hasPreviousPage)) return pages;
      place = forward ? { after: endCursor } : { before: startCursor };
    }
  }

  it.each([
    ['NEWEST_FIRST', 100],
    ['NEWEST_FIRST', 50],
    ['OLDEST_FIRST', 33],
  ])('walked forward, %s and %i at a time, has every payment once and in order', async (orderBy, size) => {
    const pages = await walk({ orderBy }, size, true);
    const expected = orderBy === 'OLDEST_FIRST' ? oldestFirst : oldestFirst.toReversed();
    expect(pages.flatMap(ids)).toEqual(expected);
    expect(pages).toHaveLength(Math.ceil(many / size));
    expect(pages.map(({ pageInfo }) => pageInfo.hasPreviousPage)).toEqual(pages.map((_, at) => at > 0));
    expect(pages.map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual(
      pages.map((_, at) => at < pages.length - 1),
    );
  });

  it.each([
    ['NEWEST_FIRST', 100],
    ['OLDEST_FIRST', 50],
    ['OLDEST_FIRST', 33],
  ])('walked backward, %s and %i at a time, has every payment once and in order', async (orderBy, size) => {
    const pages = await walk({ orderBy }, size, false);
    const expected = orderBy === 'OLDEST_FIRST' ? oldestFirst : oldestFirst.toReversed();
    expect(pages.toReversed().flatMap(ids)).toEqual(expected);
    expect(pages.map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual(pages.map((_, at) => at > 0));
    expect(pages.map(({ pageInfo }) => pageInfo.hasPreviousPage)).toEqual(
      pages.map((_, at) => at < pages.length - 1),
    );
  });

  it('has 20 payments where no size is given', async () => {
    const first = await page({});
    expect(ids(first)).toEqual(oldestFirst.toReversed().slice(0, 20));
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });

  it('goes on from a cursor whose payment does not exist', async () => {
    const gone = cursorOf(newId(createdAt(100)));
    const first = await page({ after: gone, first: 100, orderBy: 'OLDEST_FIRST' });
    expect(first.nodes.length).toBe(100);
    expect(oldestFirst).toEqual(expect.arrayContaining(ids(first)));
    expect(oldestFirst.indexOf(ids(first)[0] ?? '')).toBeGreaterThanOrEqual(100);
  });

  it('keeps to what lies between two cursors', async () => {
    const [from, to] = [oldestFirst[9], oldestFirst[20]].map((id) =>
      cursorOf(
        Buffer.from(id ?? '', 'base64')
          .toString()
          .slice('Transaction:'.length),
      ),
    );
    const between = oldestFirst.slice(10, 20);
    const orderBy = 'OLDEST_FIRST';
    const whole = await page({ orderBy, after: from, before: to, first: 100 });
    expect(ids(whole)).toEqual(between);
    const start = await page({ orderBy, after: from, before: to, first: 4 });
    expect(ids(start)).toEqual(between.slice(0, 4));
    expect(start.pageInfo.hasNextPage).toBe(true);
    const end = await page({ orderBy, after: from, before: to, last: 4 });
    expect(ids(end)).toEqual(between.slice(-4));
    expect(end.pageInfo.hasPreviousPage).toBe(true);
  });

  it('says where it lies by the cursors of its first and last payment', async () => {
    const { edges, nodes, pageInfo } = await page({ first: 7 });
    expect(edges.map(({ node }) => node)).toEqual(nodes);
    expect(pageInfo.startCursor).toBe(edges[0]?.cursor);
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor);
    expect(new Set(edges.map(({ cursor }) => cursor)).size).toBe(7);
  });

  it('that is exhausted is empty and says so', async () => {
    const last = await page({ last: 1 });
    const beyond = await page({ first: 5, after: last.pageInfo.endCursor });
    expect(beyond).toMatchObject({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
      totalCount: many,
    });
  });

  it('counts exactly what its filter lets through, wherever the page lies', async () => {
    const third = { accountReference: 'THIRD' };
    const expected = Math.ceil(many / 3);
    expect((await page({ where: third, first: 1 })).totalCount).toBe(expected);
    const pages = await walk({ where: third }, 40, true);
    expect(pages.map(({ totalCount }) => totalCount)).toEqual(pages.map(() => expected));
    expect(pages.flatMap(ids)).toHaveLength(expected);
    expect((await page({ where: { status: ['FAILED'] } })).totalCount).toBe(0);
    expect(
      (await page({ where: { createdFrom: createdAt(100), createdBefore: createdAt(200) } })).totalCount,
    ).toBe(100);
  });

  it('that is another client’s is empty', async () => {
    const other = await issueKey(test.prisma, ['payments:read']);
    const { data } = await test.graphql(pageDocument, {}, other.key);
    expect(data?.['transactions']).toMatchObject({ nodes: [], totalCount: 0 });
    const [first] = (await page({ first: 1 })).edges;
    const after = await test.graphql(pageDocument, { after: first?.cursor }, other.key);
    expect(after.data?.['transactions']).toMatchObject({
      nodes: [],
      pageInfo: { hasPreviousPage: false, hasNextPage: false },
    });
  });
});
