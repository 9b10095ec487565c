import type { Environment } from '../../config/environment.ts';
import type { PrismaClient } from '../../database/database.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import type { Scope } from '../scopes.ts';
import { issueKey, type IssuedKey } from './issue-key.ts';
import type { KeyRefusal } from './key-refusal.ts';
import { checkKey, paymentsOfOthers, type KeyInput } from './key-rules.ts';

export type KeyDeps = { prisma: PrismaClient; clock: Clock; environment: Environment };

/** Whoever asks for a key, and with what right. */
export type KeyAsker = { clientId: string; scopes: ReadonlySet<Scope> };

/**
 * A new key of the client of that name, which is made if there is none. The key gets no scope that the asker has not. It
 * is told here and never again.
 */
export async function createKey(
  deps: KeyDeps,
  asker: KeyAsker,
  input: KeyInput,
): Promise<{ issued: IssuedKey } | { refusals: KeyRefusal<keyof KeyInput>[] }> {
  const checked = checkKey(input, { held: asker.scopes, now: deps.clock.now() });
  if ('refusals' in checked) return checked;
  const { clientName, ...request } = checked.request;
  const existing = await deps.prisma.client.findUnique({ where: { name: clientName }, select: { id: true } });
  const foreign = existing && paymentsOfOthers(request.scopes, existing.id, asker);
  if (foreign) return { refusals: [{ ...foreign, field: 'clientName' }] };
  const clientId = await findOrMakeClient(deps, clientName);
  return { issued: await issueKey(deps.prisma, deps, { ...request, clientId }) };
}

/** Two that make a client of one name at once end with the same. */
async function findOrMakeClient({ prisma, clock }: KeyDeps, name: string): Promise<string> {
  await prisma.client.createMany({ data: [{ id: newId(clock.now()), name }], skipDuplicates: true });
  const { id } = await prisma.client.findUniqueOrThrow({ where: { name }, select: { id: true } });
  return id;
}
