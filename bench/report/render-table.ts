export type Row = { [column: string]: string | number };

/** A table in Markdown that is as readable as it is: its columns are as wide as what is in them. */
export function renderTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => textOf(row[column])));
  const widths = columns.map((column, place) =>
    Math.max(column.length, 3, ...cells.map((row) => row[place]?.length ?? 0)),
  );
  const isNumber = columns.map((column) => rows.some((row) => typeof row[column] === 'number'));
  const pad = (text: string, place: number): string => {
    const width = widths[place] ?? 0;
    return isNumber[place] ? text.padStart(width) : text.padEnd(width);
  };
  const line = (row: readonly string[]): string => `| ${row.map(pad).join(' | ')} |`;
  const rule = widths.map(
    (width, place) => '-'.repeat(isNumber[place] ? width - 1 : width) + (isNumber[place] ? ':' : ''),
  );
  return [line(columns), `| ${rule.join(' | ')} |`, ...cells.map(line)].join('\n');
}

function textOf(value: string | number | undefined): string {
  return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '').replaceAll('|', '\\|');
}
