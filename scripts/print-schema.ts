/** Writes schema.graphql from the code. A test fails when it is not fresh. */
import { writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from '../src/graphql/schema.ts';

const file = new URL('../schema.graphql', import.meta.url);
await writeFile(file, `${printSchema(lexicographicSortSchema(schema))}\n`);
