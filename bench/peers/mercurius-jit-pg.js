import Fastify from 'fastify';
import { GraphQLScalarType } from 'graphql';
import mercurius from 'mercurius';
import pg from 'pg';
import { hashOfKey, isActive, keyOf } from './key-check.js';
import { cursorOf, formatted, globalId, isFinal, readCursor, readGlobalId } from './payment-fields.js';
import { typeDefs } from './schema.js';

// What is said to be the fastest GraphQL on Node: compiled documents, and SQL by hand in prepared statements.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });

const columns = `id, status, sequence, amount_cents as "amountMinor", currency, phone_number as "phoneNumber",
  account_reference as "accountReference", mpesa_receipt_number as "mpesaReceiptNumber",
  checkout_request_id as "checkoutRequestId", created_at as "createdAt", settled_at as "settledAt",
  failure_reason as "failureReason"`;

const statements = {
  key: {
    name: 'key',
    text: `select client_id as "clientId", scopes, expires_at as "expiresAt", revoked_at as "revokedAt"
      from api_keys where key_hash = $1`,
  },
  one: { name: 'one', text: `select ${columns} from transactions where id = $1 and client_id = $2` },
  page: {
    name: 'page',
    text: `select ${columns} from transactions where client_id = $1 order by id desc limit $2`,
  },
  pageAfter: {
    name: 'page-after',
    text: `select ${columns} from transactions where client_id = $1 and id < $3 order by id desc limit $2`,
  },
};

async function ask(statement, values) {
  const { rows } = await pool.query({ ...statement, values });
  return rows;
}

const DateTime = new GraphQLScalarType({ name: 'DateTime', serialize: (date) => date.toISOString() });

const resolvers = {
  DateTime,
  Query: {
    async transaction(_root, { by }, { clientId }) {
      const [row] = await ask(statements.one, [readGlobalId(by.id), clientId]);
      return row;
    },
    async transactions(_root, { first, after }, { clientId }) {
      const rows = after
        ? await ask(statements.pageAfter, [clientId, first + 1, readCursor(after)])
        : await ask(statements.page, [clientId, first + 1]);
      const nodes = rows.slice(0, first);
      const last = nodes.at(-1);
      return {
        nodes,
        pageInfo: { endCursor: last ? cursorOf(last.id) : null, hasNextPage: rows.length > first },
      };
    },
  },
  Transaction: {
    id: ({ id }) => globalId(id),
    isFinal: ({ status }) => isFinal(status),
    amount: (row) => row,
  },
  Money: { formatted },
};

const app = Fastify();

app.get('/', () => ({ status: 'ok' }));

app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  async context(request) {
    const [key] = await ask(statements.key, [hashOfKey(keyOf(request.headers))]);
    if (!key || !isActive(key) || !key.scopes.includes('payments:read')) {
      throw new mercurius.ErrorWithProps('Unauthenticated', { code: 'UNAUTHENTICATED' }, 401);
    }
    return { clientId: key.clientId };
  },
});

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
