import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent } from '../../support/answer-parent.ts';
import type { ServerAddress } from '../../support/measured-server.ts';
import { createActions } from './actions.ts';

export type SoakOrder = ServerAddress & { seconds: number };
/** How often each was done, and the first of what went otherwise than it should. */
export type SoakDone = { counts: { [action: string]: number }; troubles: string[] };

/** What is under way at once of one kind, beyond which it waits: a server that stands still must not bring down the load. */
const underWayMax = 200;
const troublesMax = 10;

const questions = {
  async soak({ seconds, ...server }: SoakOrder): Promise<SoakDone> {
    const { actions, close } = createActions(server);
    const done: SoakDone = { counts: {}, troubles: [] };
    const endAt = performance.now() + seconds * 1000;
    await Promise.all(
      Object.entries(actions).map(async ([name, { perSecond, act }]) => {
        done.counts[name] = 0;
        const underWay = new Set<Promise<void>>();
        for (let dueAt = performance.now(); dueAt < endAt; dueAt += 1000 / perSecond) {
          await sleep(Math.max(0, dueAt - performance.now()));
          if (underWay.size >= underWayMax) await Promise.race(underWay);
          const acting = act()
            .then(() => void (done.counts[name] = (done.counts[name] ?? 0) + 1))
            .catch((error: unknown) => {
              if (done.troubles.length < troublesMax) done.troubles.push(`${name}: ${String(error)}`);
            })
            .finally(() => underWay.delete(acting));
          underWay.add(acting);
        }
        await Promise.all(underWay);
      }),
    );
    await close();
    return done;
  },
};

export type SoakLoad = typeof questions;

answerParent(questions);
