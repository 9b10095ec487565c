import { expect, it } from 'vitest';
import { arrayLiteral, column } from '../../src/database/array-literal.ts';
import { onEachDatabase } from '../support/test-database.ts';

onEachDatabase('an array that is sent as text', (opened) => {
  it.each([
    {
      type: 'text',
      elements: ['', 'NULL', null, ' a ', 'a,b', '{"a"}', String.raw`\"\\`, '\n\t', 'Ünï 🟢', "';--"],
    },
    { type: 'int', elements: [0, -1, 2_147_483_647, null] },
    { type: 'boolean', elements: [true, false, null] },
    {
      type: 'timestamptz',
      elements: [new Date('2026-11-28T00:00:00.123Z'), new Date('0099-01-01T00:00:00Z'), null],
    },
    { type: 'text', elements: [] },
  ])('arrives as it was: $type $elements', async ({ type, elements }) => {
    const read = { text: readText, int: readInts, boolean: readBooleans, timestamptz: readTimes }[type];
    expect(await read?.(arrayLiteral(elements))).toEqual(elements);
  });

  it('may hold bytes of any value', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const rows = await opened().sql<{ body: Uint8Array | null }>`
      select * from unnest(${arrayLiteral([bytes, null, Buffer.alloc(0)])}::bytea[]) as body`;
    expect(rows.map(({ body }) => body && Buffer.from(body))).toEqual([bytes, null, Buffer.alloc(0)]);
  });

  it('may be a column of rows', () => {
    const rows = [
      { id: 'a', n: 1 },
      { id: 'b', n: null },
    ];
    expect(column(rows, 'n')).toBe('{1,NULL}');
  });

  type Row<Value> = { value: Value };
  const valuesOf = (rows: Row<unknown>[]) => rows.map(({ value }) => value);
  const readText = async (array: string) =>
    valuesOf(await opened().sql`select * from unnest(${array}::text[]) as value`);
  const readInts = async (array: string) =>
    valuesOf(await opened().sql`select * from unnest(${array}::int[]) as value`);
  const readBooleans = async (array: string) =>
    valuesOf(await opened().sql`select * from unnest(${array}::boolean[]) as value`);
  const readTimes = async (array: string) =>
    valuesOf(await opened().sql`select * from unnest(${array}::timestamptz[]) as value`);
});
