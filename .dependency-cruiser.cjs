/**
 * Who may import whom. The table is the rule: change it here when the design is better another way, and
 * `npm run check:boundaries` holds everyone to it. test/boundaries.test.ts proves that it still finds what it forbids.
 */

/** Folder of src/ → what it may import from src/ besides itself: a folder, or one module of a folder. */
const mayImport = {
  lib: [],
  config: ['lib', 'daraja/field-rules', 'daraja/cool-downs'],
  database: ['lib', 'config'],
  // Could be published alone.
  daraja: ['lib'],
  transactions: ['daraja', 'database', 'lib'],
  callbacks: ['transactions', 'daraja', 'lib'],
  feed: ['transactions', 'database', 'config', 'lib'],
  reconciliation: ['transactions', 'daraja', 'database', 'lib'],
  retention: ['transactions', 'database', 'lib'],
  // Each part declares what it tells whoever counts; http is wiring, and declares what it tells like the others.
  metrics: ['transactions', 'callbacks', 'daraja', 'http/server', 'database', 'lib'],
  tracing: ['lib'],
  access: ['database', 'config', 'lib'],
  graphql: ['transactions', 'feed', 'access', 'database', 'lib'],
  commands: ['config', 'daraja', 'database', 'lib'],
  // Shares nothing with daraja, or both would be wrong together.
  simulator: ['config', 'lib'],
};

/** These wire the rest together, as do the files directly in src/. */
const wiring = ['http', 'processes', 'wiring'];

const generated = '^src/database/generated/';

/** npm packages that belong to some folders only. */
const packageRules = [
  {
    name: 'graphql-stays-in-graphql',
    comment: 'GraphQL is one way to ask; the rules of payments do not know it.',
    severity: 'error',
    from: { path: '^src/[^/]+/', pathNot: ['^src/(graphql|http|commands)/', generated] },
    to: { path: 'node_modules/(graphql|graphql-ws|graphql-yoga|@graphql-[^/]+|@pothos)/' },
  },
  {
    name: 'opentelemetry-stays-in-tracing',
    comment: 'Nobody loads it who does not trace.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/tracing/' },
    to: { path: 'node_modules/@opentelemetry/' },
  },
  {
    name: 'prometheus-stays-in-metrics',
    comment: 'The parts that are counted tell what happens, and know nothing of who counts.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/metrics/' },
    to: { path: 'node_modules/prom-client/' },
  },
  {
    name: 'no-database-driver-here',
    comment: 'These folders know nothing of how we store things.',
    severity: 'error',
    from: { path: '^src/(daraja|simulator|callbacks|lib)/' },
    to: { path: 'node_modules/(@prisma|@electric-sql|pglite-prisma-adapter|pg)/' },
  },
];

const asModule = (allowed) => `^src/${allowed}${allowed.includes('/') ? '[.]ts$' : '/'}`;

const folderRules = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-its-row`,
  comment: `${folder} may import from src/: ${allowed.join(', ') || 'nothing'}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [folder, ...allowed].map(asModule) },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    {
      name: 'folder-without-a-row',
      comment: 'A new folder needs a row in the table above.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: [...Object.keys(mayImport), ...wiring].map(asModule) },
      to: {},
    },
    ...packageRules,
    {
      name: 'no-cycles',
      comment: 'Type-only imports count: two files that need each other are one file, or three.',
      severity: 'error',
      from: { pathNot: generated },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment:
        'Nothing imports this, and it imports nothing: it is dead, or an entry that belongs in this list.',
      severity: 'error',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: ['^src/main[.]ts$', '^src/simulator/main[.]ts$', '^src/commands/', generated],
      },
      to: {},
    },
    {
      name: 'src-stands-alone',
      comment: 'What runs in production imports no test, script or benchmark.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench)/' },
    },
    {
      name: 'no-dev-dependency-in-src',
      comment: 'A production install does not have it.',
      severity: 'error',
      from: { path: '^src/' },
      // A package's types may come from its @types package: nothing of that is left at run time.
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'It is here only because another package brought it.',
      severity: 'error',
      from: { path: '^(src|scripts)/', pathNot: generated },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'The rules cannot judge an import whose file they do not find.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Programs of their own, whose packages are installed only where Malipo is measured against them.
    exclude: { path: '^bench/peers/' },
    // Without this, imports of types only are invisible.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
