/** Runs statements on one connection of PostgreSQL, or of the embedded database. */
export type RunSql = (text: string) => Promise<unknown>;
