import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { PrismaPg } from '@prisma/adapter-pg';
import express from 'express';
import { GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
// The client that Prisma generates from Malipo's own schema.
import { PrismaClient } from '../../src/database/generated/prisma/client.ts';
import { hashOfKey, isActive, keyOf } from './key-check.js';
import { createResolvers } from './apollo-prisma/resolvers.js';
import { typeDefs, writingTypeDefs } from './schema.js';

// What most would build: Apollo Server on Express, Prisma, and graphql-ws, as their documentation puts them together.
const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 20 }),
});

const schema = makeExecutableSchema({
  typeDefs: [typeDefs, writingTypeDefs],
  resolvers: createResolvers(prisma),
});

async function viewerOf(authorization) {
  const keyHash = hashOfKey(keyOf({ authorization }));
  const key = await prisma.apiKey.findUnique({ where: { keyHash } });
  if (key === null || !isActive(key)) {
    throw new GraphQLError('Unauthenticated', {
      extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } },
    });
  }
  return { clientId: key.clientId, scopes: key.scopes };
}

const app = express();
app.disable('x-powered-by');
app.disable('etag');
const httpServer = createServer(app);

const sockets = new WebSocketServer({ server: httpServer, path: '/graphql' });
const socketServer = useServer(
  { schema, context: ({ connectionParams }) => viewerOf(connectionParams?.authorization) },
  sockets,
);

const apollo = new ApolloServer({
  schema,
  plugins: [
    ApolloServerPluginDrainHttpServer({ httpServer }),
    { serverWillStart: async () => ({ drainServer: () => socketServer.dispose() }) },
  ],
});
await apollo.start();

app.get('/', (_request, response) => response.json({ status: 'ok' }));
app.use(
  '/graphql',
  express.json(),
  expressMiddleware(apollo, { context: ({ req }) => viewerOf(req.headers.authorization) }),
);

httpServer.listen(Number(process.env.PORT), '127.0.0.1');
