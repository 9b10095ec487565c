import { createHash } from 'node:crypto';

/**
 * Runs one statement: ``sql<Row>`select id from clients where name = ${name}` ``. Values never become part of the text.
 * Rows are as the driver reads them, under the names that the statement gives.
 */
export type Sql = <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) => Promise<Row[]>;

/** Does work within one short transaction, all or nothing. What the work throws is thrown again. */
export type RunTransaction = <Result>(
  work: (sql: Sql) => Promise<Result>,
  options?: TransactionOptions,
) => Promise<Result>;

export type TransactionOptions = {
  /** How long a statement of it may wait for a lock, in milliseconds; as long as any statement may take without it. */
  lockMsMax?: number;
};

export type Statement = {
  /** By the text, so that each connection prepares it once and no pooler can take one statement for another. */
  name: string;
  /** With `$1`, `$2` … where values go. */
  text: string;
};

/** A part of a statement that several share, such as the columns of a table: text of our own, and never of a caller’s. */
export class Fragment {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const statements = new WeakMap<TemplateStringsArray, Statement>();

/** The statement that stands at one place in the code. Its fragments are the same each time. */
export function statementOf(parts: TemplateStringsArray, values: readonly unknown[]): Statement {
  const known = statements.get(parts);
  if (known !== undefined) return known;
  const text = textOf(parts, values);
  const statement = { name: `malipo_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, text };
  statements.set(parts, statement);
  return statement;
}

function textOf([first = '', ...others]: TemplateStringsArray, values: readonly unknown[]): string {
  let place = 0;
  return others.reduce((text, part, index) => {
    const value = values[index];
    return text + (value instanceof Fragment ? value.text : `$${(place += 1)}`) + part;
  }, first);
}

/** What is sent apart from the text, in its order. */
export function sentValues(values: readonly unknown[]): unknown[] {
  return values.filter((value) => !(value instanceof Fragment));
}
