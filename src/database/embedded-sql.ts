import { types, type PGlite, type Transaction as EmbeddedTransaction } from '@electric-sql/pglite';
import { sentValues, statementOf, type Sql } from './sql.ts';

/** PGlite’s own parser takes the year 99 for 1999. It gives times in UTC: `2026-11-24 07:10:00.123+00`. */
const parsers = {
  [types.TIMESTAMPTZ]: (text: string) => new Date(text.replace(' ', 'T').replace('+00', 'Z')),
};

/** Statements on the embedded database, or within one of its transactions. */
export function embeddedSqlOn(engine: PGlite | EmbeddedTransaction): Sql {
  return async <Row>(parts: TemplateStringsArray, ...values: readonly unknown[]) =>
    (await engine.query<Row>(statementOf(parts, values).text, sentValues(values), { parsers })).rows;
}
