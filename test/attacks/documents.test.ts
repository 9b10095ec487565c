import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paymentInput, TestApp } from '../support/test-app.ts';
import { openSocket, transports, type Request } from './support/transports.ts';

/** Numbers in titles are those of the attack cases that this server is held to. */
let test: TestApp;
let open: TestApp;

beforeAll(async () => {
  // As in production.
  test = await TestApp.start({ env: { INTROSPECTION: 'off' } });
  open = await TestApp.start();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await open[Symbol.asyncDispose]();
});

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

const initiation = (key: string): string => `initiateStkPush(input: { phoneNumber: "254712345678", amount: 1,
  accountReference: "A", idempotencyKey: "${key}" }) { replayed }`;

/** As deep as is asked for, through types that exist: a connection within itself there is not. */
const nested = (levels: number): string => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;

type Case = {
  title: string;
  request: Request;
  /** What the one error says. */
  says: RegExp;
  code?: string;
};

const refused: Case[] = [
  {
    title: '1: 101 aliases of __typename',
    request: { query: `query { ${times(101, (n) => `alias${n}:__typename`)} }` },
    says: /at most 10 fields of its own/,
  },
  {
    title: '1: 101 aliases of __typename below the root',
    request: { query: `query { server { ${times(101, (n) => `alias${n}:__typename`)} } }` },
    says: /at most 15 aliases/,
  },
  {
    title: '1: 16 aliases that fragments hide',
    request: {
      query: `query { server { ...A ...B } } fragment A on ServerInfo { ...B ${times(4, (n) => `a${n}: version`)} }
        fragment B on ServerInfo { ${times(6, (n) => `b${n}: now`)} }`,
    },
    says: /at most 15 aliases/,
  },
  {
    title: '2: 101 aliases of a mutation',
    request: { query: `mutation { ${times(30, (n) => `a${n}: ${initiation(`alias-${n}`)}`)} }` },
    says: /at most 5 fields of its own/,
  },
  {
    title: '2: 6 aliases of a mutation',
    request: { query: `mutation { ${times(6, (n) => `a${n}: ${initiation(`alias-${n}`)}`)} }` },
    says: /at most 5 fields of its own/,
  },
  {
    title: '5: 10 unknown directives',
    request: { query: `query { __typename ${times(10, () => '@aa')} }` },
    says: /Unknown directive "@aa"/,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    title: '5: 11 directives that there are',
    request: { query: `query { server { ${times(11, () => 'version @skip(if: false)')} } }` },
    says: /at most 10 directives/,
  },
  {
    title: '6: __typename 500 times',
    request: { query: `query { ${times(500, () => '__typename')} }` },
    says: /at most 10 fields of its own/,
  },
  {
    title: '6: an object 500 times',
    request: { query: `query { ${times(500, () => 'server { version }')} }` },
    says: /more than 1000 tokens/,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  {
    title: '7: a field that is nearly right',
    request: { query: 'query { servr { version } }' },
    says: /^Cannot query field "servr" on type "Query"\.$/,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    title: '7: a variable that is nearly right',
    request: {
      query: 'query ($by: TransactionLookup!) { transaction(by: $by) { id } }',
      variables: { by: { idempotencyKy: 'a' } },
    },
    says: /^(?!.*Did you mean).*idempotencyKy/,
  },
  {
    title: '7: an enum that is nearly right',
    request: { query: 'query { transactions(orderBy: NEWEST_FRST) { totalCount } }' },
    says: /^(?!.*Did you mean).*NEWEST_FRST/,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  ...[
    '__schema { types { name } }',
    '__schema\n{types{name}}',
    '__schema,{types{name}}',
    '__schema#x\n{types{name}}',
    '__type(name: "Query") { name }',
    's: __schema { types { name } }',
    '...F',
    '... on Query { __schema { types { name } } }',
  ].map((field): Case => ({
    title: `8: introspection as ${JSON.stringify(field)}`,
    request: {
      query: `query { ${field} }${field === '...F' ? ' fragment F on Query { __schema { types { name } } }' : ''}`,
    },
    says: /introspection has been disabled/i,
    code: 'GRAPHQL_VALIDATION_FAILED',
  })),
  {
    title: '14: a word that is no operation',
    request: { query: 'qwerty cop { abc }' },
    says: /^Syntax Error: Unexpected Name "qwerty"\.$/,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  ...[9, 50, 200].map((levels): Case => ({
    title: `17: ${levels} levels`,
    request: { query: nested(levels) },
    says: /at most 8 deep/,
  })),
  ...[500, 1_500].map((levels): Case => ({
    title: `17: ${levels} levels`,
    request: { query: nested(levels) },
    says: /more than 1000 tokens/,
    code: 'GRAPHQL_PARSE_FAILED',
  })),
  {
    title: '17: 10,000 levels',
    request: { query: nested(10_000) },
    says: /at most 16384 characters/,
  },
  ...[2_147_483_647, 101, 0, -1].flatMap((first): Case[] => {
    const list = (argument: string) => `transactions(${argument}) { nodes { id } }`;
    const says = /`first` must be from 1 to 100/;
    const code = 'BAD_USER_INPUT';
    return [
      {
        title: `18: first: ${first}`,
        request: { query: `query { ${list(`first: ${first}`)} }` },
        says,
        code,
      },
      {
        title: `18: first: ${first} by variable`,
        request: { query: `query ($n: Int) { ${list('first: $n')} }`, variables: { n: first } },
        says,
        code,
      },
      {
        title: `18: first: ${first} by default`,
        request: { query: `query ($n: Int = ${first}) { ${list('first: $n')} }` },
        says,
        code,
      },
    ];
  }),
  {
    title: '18: first and last',
    request: { query: 'query { transactions(first: 1, last: 1) { nodes { id } } }' },
    says: /`first` or `last`, not both/,
  },
  ...(
    [
      ['', 'first: 100', {}],
      ['($n: Int)', 'first: $n', { n: 100 }],
      ['($n: Int = 100)', 'first: $n', {}],
      ['($n: Int)', 'last: $n', { n: 100 }],
    ] as const
  ).map(([declaration, argument, variables]): Case => ({
    title: `18: more than it may cost, by ${declaration} ${argument}`,
    request: {
      query: `query ${declaration} { transactions(${argument}) { edges { node { a: timeline { message } b: timeline { message } } } } }`,
      variables,
    },
    says: /would cost 1201, and an operation may cost 1000/,
  })),
  {
    title: '18: more than it may cost, ten times a little',
    request: {
      query: `query { ${times(10, (n) => `a${n}: transactions(first: 60) { edges { node { id } } }`)} }`,
    },
    says: /would cost 1210, and an operation may cost 1000/,
  },
  {
    title: '19: a circle of fragments',
    request: { query: 'query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }' },
    says: /Cannot spread fragment "[AB]" within itself/,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    title: '19: fragments that each spread the next one twice, 30 deep',
    request: {
      query: `query { server { ...F0 } } ${times(30, (n) => `fragment F${n} on ServerInfo { ...F${n + 1} ...F${n + 1} }`)}
        fragment F30 on ServerInfo { version }`,
    },
    says: /at most 1000 fields, those of its fragments included/,
  },
  {
    title: '19: 1,000 unused fragments',
    request: {
      query: `query { __typename } ${times(1_000, (n) => `fragment F${n} on Query{a}`)}`.slice(0, 16_000),
    },
    says: /more than 1000 tokens/,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  {
    title: '20: 1,000 fields that may conflict',
    request: { query: `query { ${times(1_000, () => 'a{b}')} }` },
    says: /more than 1000 tokens/,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  {
    title: '20: 300 fragments on one type',
    request: {
      query: `query { ${times(300, (n) => `...F${n}`)} } ${times(300, (n) => `fragment F${n} on Query{a}`)}`,
    },
    says: /more than 1000 tokens/,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  {
    title: '21: a comment of 100 KB',
    request: { query: `query { __typename } #${'x'.repeat(40_000)}` },
    says: /at most 16384 characters/,
  },
];

describe.each(transports)('over $name (31)', ({ ask }) => {
  it.each(refused)('refused at once and with one error is $title', async ({ request, says, code }) => {
    const { data, errors } = await ask(test, request);
    expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(says);
    expect(errors[0]?.extensions).toEqual({ code: code ?? 'BAD_USER_INPUT' });
    expect(await test.prisma.transaction.count()).toBe(0);
  });

  it('4: refused is introspection in circles, where introspection is allowed', async () => {
    const query = `query { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }`;
    const { data, errors } = await ask(open, { query });
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ message: expect.stringMatching(/introspection depth/i) }]);
  });

  it('8: introspection is answered where it is allowed, once', async () => {
    const query = getIntrospectionQuery();
    const { data, errors } = await ask(open, { query });
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ __schema: { queryType: { name: 'Query' } } });
    const twice = await ask(open, {
      query: `query { ${times(6, (n) => `s${n}: __schema { types { name } }`)} }`,
    });
    expect(twice).toMatchObject({ data: null, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it('13, 14: nothing is told about how it was run', async () => {
    const { data, errors } = await ask(test, {
      query: 'query { server { version } }',
      extensions: { tracing: true },
    });
    expect({ data, errors }).toEqual({ data: { server: { version: expect.any(String) } }, errors: [] });
    const broken = await ask(test, { query: 'qwerty cop { abc }' });
    expect(JSON.stringify(broken)).not.toMatch(/exception|stack|tracing|node_modules|\.ts/);
  });

  it('what ordinary apps ask for is answered', async () => {
    const document = `query { transactions(first: 50) { totalCount pageInfo { hasNextPage endCursor }
      edges { cursor node { id status amount { formatted } timeline { sequence status message } } } } }`;
    expect((await ask(test, { query: document })).errors).toEqual([]);
    expect(
      (
        await ask(test, {
          query: `mutation { ${times(5, (n) => `a${n}: createWatchToken(transactionId: "x") { userErrors { code } }`)} }`,
        })
      ).errors,
    ).toEqual([]);
  });
});

describe('the verdict', () => {
  it.each(refused)('is the same on all transports for $title', async ({ request }) => {
    const verdicts = await Promise.all(transports.map(({ ask }) => ask(test, request)));
    expect(verdicts[1]).toEqual(verdicts[0]);
    expect(verdicts[2]).toEqual(verdicts[0]);
  });
});

it('29: a bad document is an error of its own operation, and the others of its socket go on', async () => {
  const id = await open.pay({ ...paymentInput(), phoneNumber: '254700000028' });
  await using socket = await openSocket(open);
  const watch = 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { sequence } }';
  socket.send({ id: 'watch', type: 'subscribe', payload: { query: watch, variables: { id } } });
  await socket.next((message) => message.id === 'watch');
  const bad = refused.filter(({ title }) => !title.startsWith('8'));
  for (const { request } of bad) expect((await socket.ask(request)).errors.length).toBeGreaterThan(0);
  expect((await socket.ask({ query: '{ server { environment } }' })).data).toEqual({
    server: { environment: 'SIMULATOR' },
  });
  expect(socket.messages.filter((message) => message.id === 'watch')).toMatchObject([{ type: 'next' }]);
});
