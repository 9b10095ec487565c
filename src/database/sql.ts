/**
 * Runs one statement: ``sql<Row>`select id from clients where name = ${name}` ``. Values never become part of the text.
 * Rows are as the driver reads them, under the names that the statement gives.
 */
export type Sql = <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) => Promise<Row[]>;

/** Does work within one short transaction, all or nothing. What the work throws is thrown again. */
export type Transaction = <Result>(work: (sql: Sql) => Promise<Result>) => Promise<Result>;

export type Statement = {
  /** Different for each place in the code, so that each connection prepares it once. */
  name: string;
  /** With `$1`, `$2` … where values go. */
  text: string;
};

const statements = new WeakMap<TemplateStringsArray, Statement>();
let count = 0;

/** The statement that stands at one place in the code. */
export function statementOf(parts: TemplateStringsArray): Statement {
  const known = statements.get(parts);
  if (known !== undefined) return known;
  count += 1;
  const text = parts.reduce((before, part, index) => `${before}$${index}${part}`);
  const statement = { name: `malipo_${count}`, text };
  statements.set(parts, statement);
  return statement;
}
