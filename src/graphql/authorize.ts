import type { Scope } from '../access/scopes.ts';
import { sightOf, type Viewer } from '../access/viewer.ts';
import type { Sight } from '../transactions/find.ts';
import type { Context } from './context.ts';
import { callerError } from './errors.ts';

type ClientViewer = Viewer & { kind: 'client' };

/** The client that asks, if its key has the scope. Throws FORBIDDEN. */
export function requireScope({ viewer }: Context, scope: Scope): ClientViewer {
  if (viewer.kind === 'client' && viewer.scopes.has(scope)) return viewer;
  throw callerError('FORBIDDEN', `This needs a key with the scope ${scope}.`);
}

/** Which payments the caller may see. Throws FORBIDDEN where it may see none at all. */
export function requireSight({ viewer }: Context): Sight {
  const sight = sightOf(viewer);
  if (sight !== null) return sight;
  throw callerError('FORBIDDEN', 'This needs a key with the scope payments:read.');
}

/** Throws FORBIDDEN for the holder of a watch token. */
export function requireClient({ viewer }: Context): void {
  if (viewer.kind === 'watcher')
    throw callerError('FORBIDDEN', 'A watch token opens one payment and no more.');
}

/** Like `requireSight`, for what the holder of a watch token may not do. */
export function requireClientSight(context: Context): Sight {
  requireClient(context);
  return requireSight(context);
}
