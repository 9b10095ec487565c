import type { Environment } from '../../config/config.ts';
import type { PrismaClient } from '../../database/database.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import type { Scope } from '../scopes.ts';
import { issueKey, type IssuedKey } from './issue-key.ts';
import type { KeyRefusal } from './key-refusal.ts';
import { checkKey, type KeyInput } from './key-rules.ts';

export type KeyDeps = { prisma: PrismaClient; clock: Clock; environment: Environment };

/**
 * A new key of the client of that name, which is made if there is none. `held` are the scopes of whoever asks; the key
 * gets no other. It is told here and never again.
 */
export async function createKey(
  deps: KeyDeps,
  held: ReadonlySet<Scope>,
  input: KeyInput,
): Promise<{ issued: IssuedKey } | { refusals: KeyRefusal<keyof KeyInput>[] }> {
  const checked = checkKey(input, { held, now: deps.clock.now() });
  if ('refusals' in checked) return checked;
  const { clientName, ...request } = checked.request;
  const clientId = await findOrMakeClient(deps, clientName);
  return { issued: await issueKey(deps.prisma, deps, { ...request, clientId }) };
}

/** Two that make a client of one name at once end with the same. */
async function findOrMakeClient({ prisma, clock }: KeyDeps, name: string): Promise<string> {
  await prisma.client.createMany({ data: [{ id: newId(clock.now()), name }], skipDuplicates: true });
  const { id } = await prisma.client.findUniqueOrThrow({ where: { name }, select: { id: true } });
  return id;
}
