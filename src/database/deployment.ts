import type { Environment } from './generated/prisma/client.ts';
import type { PrismaClient } from './database.ts';

/** The database belongs to another environment or secret; using it would mix money or break every callback. */
export class ForeignDatabaseError extends Error {
  override readonly name = 'ForeignDatabaseError';
}

/**
 * Binds the database to the environment and the secret that first used it. Real and simulated payments must never
 * share tables, and with another secret every callback URL that M-Pesa still holds would be refused as forged.
 */
export async function bindDeployment(
  prisma: PrismaClient,
  /** Newest first: the bound one may be an older secret that is still listed. */
  deployment: { environment: Environment; secretFingerprints: readonly [string, ...string[]] },
): Promise<void> {
  const [secretFingerprint] = deployment.secretFingerprints;
  await prisma.deployment.createMany({
    data: [{ id: 1, environment: deployment.environment, secretFingerprint }],
    skipDuplicates: true,
  });
  const bound = await prisma.deployment.findUniqueOrThrow({ where: { id: 1 } });
  if (bound.environment !== deployment.environment) {
    throw new ForeignDatabaseError(
      `This database belongs to the ${bound.environment} environment and Malipo was started for ${deployment.environment}. Use another DATA_DIR or DATABASE_URL for each environment.`,
    );
  }
  if (!deployment.secretFingerprints.includes(bound.secretFingerprint)) {
    throw new ForeignDatabaseError(
      'MALIPO_SECRET is not the one that this database was made with. Callbacks under way would be refused as forged. Set the secret it was made with (several may be listed, newest first), or use another database.',
    );
  }
  if (bound.secretFingerprint !== secretFingerprint) {
    await prisma.deployment.update({ where: { id: 1 }, data: { secretFingerprint } });
  }
}
