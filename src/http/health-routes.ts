import type { FastifyInstance } from 'fastify';
import type { PrismaClient } from '../database/database.ts';
import { sleep } from '../lib/sleep.ts';

/** A database that answers later than this is as good as away, in milliseconds. */
const patienceMs = 2_000;

/** Live: the process runs. Ready: a callback that came now could be kept. */
export function registerHealthRoutes(app: FastifyInstance, { prisma }: { prisma: PrismaClient }): void {
  app.get('/health/live', () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const answers = await Promise.race([answered(prisma), sleep(patienceMs).then(() => false)]);
    return answers
      ? { status: 'ready' }
      : reply.code(503).send({ status: 'unready', reason: 'the database does not answer' });
  });
}

async function answered(prisma: PrismaClient): Promise<boolean> {
  try {
    await prisma.$queryRaw`select 1`;
    return true;
  } catch {
    return false;
  }
}
