import { GraphQLError } from 'graphql';
import type { JsonObject } from '../transactions/request-rules.ts';
import { builder } from './builder.ts';

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

builder.scalarType('DateTime', {
  description:
    'A moment, as RFC 3339 writes it: `2026-11-24T08:35:54.000Z`. Millisecond precision, given in UTC.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const date = typeof value === 'string' && rfc3339.test(value) && isDay(value) ? new Date(value) : null;
    // JavaScript's dates go further than PostgreSQL's, and payments do not go anywhere near either.
    if (date !== null && date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999) return date;
    throw new GraphQLError('DateTime must look like 2026-11-24T08:35:54Z.', {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  },
});

builder.scalarType('JSONObject', {
  description: 'A JSON object.',
  serialize: (value) => value,
  parseValue: (value): JsonObject => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
    throw new GraphQLError('JSONObject must be a JSON object.', { extensions: { code: 'BAD_USER_INPUT' } });
  },
});

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
