import type { FastifyRequest } from 'fastify';
import type { AccessTokens } from './access-tokens.ts';
import { darajaError, invalidField } from './daraja-error.ts';
import type { DarajaError } from './daraja-error.ts';
import { findInvalidField, isPasswordRight } from './field-rules.ts';
import type { FieldRule, Fields } from './field-rules.ts';

export type RequestReading = { fields: Fields } | { error: DarajaError };

/** The token of a request, or the refusal that its lack earns. */
export function findTokenError(tokens: AccessTokens, request: FastifyRequest): DarajaError | null {
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token !== undefined && tokens.isValid(token) ? null : darajaError('invalidToken');
}

/** The body of a push or a query in Daraja's order of checks: content type, JSON, fields one by one, password. */
export function readRequest(request: FastifyRequest, rules: readonly FieldRule[]): RequestReading {
  // Not a slip: another content type is not parsed, so the first field is missing (daraja.md §2).
  if (!isJson(request.headers['content-type'])) return { error: invalidField('BusinessShortCode') };
  const fields = parseFields(request.body);
  if (!fields) return { error: darajaError('invalidPayload') };
  const invalid = findInvalidField(fields, rules);
  if (invalid !== null) return { error: invalidField(invalid) };
  return isPasswordRight(fields) ? { fields } : { error: darajaError('wrongCredentials') };
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? '');
}

function parseFields(body: unknown): Fields | null {
  try {
    const value: unknown = JSON.parse(typeof body === 'string' ? body : '');
    // An array is an object, too; it has none of the fields.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}
