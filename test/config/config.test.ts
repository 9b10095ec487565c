import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError, type Env } from '../../src/config/env.ts';

const credentials = {
  MPESA_CONSUMER_KEY: 'the-key',
  MPESA_CONSUMER_SECRET: 'the-consumer-secret',
  MPESA_PASSKEY: 'the-passkey',
  MPESA_BUSINESS_SHORTCODE: '600123',
};

const sandbox = { ...credentials, MPESA_ENVIRONMENT: 'sandbox', CALLBACK_BASE_URL: 'https://pay.example' };

const production = {
  ...sandbox,
  MPESA_ENVIRONMENT: 'production',
  MALIPO_SECRET: 's'.repeat(32),
  DATABASE_URL: 'postgresql://localhost/malipo',
};

function problemsOf(env: Env): string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n  - ').slice(1);
  }
}

describe('without any setting', () => {
  const config = readConfig({});

  it('Malipo runs on this machine alone, with its own simulator', () => {
    expect(config).toMatchObject({
      environment: 'SIMULATOR',
      simulator: 'built-in',
      host: '127.0.0.1',
      port: 4000,
      callbackPort: null,
      metrics: { port: null, isPortShared: false },
      tracing: null,
      callbackBaseUrl: null,
      database: { kind: 'embedded', dataDir: './data' },
      hints: { kind: 'memory' },
      dataDir: './data',
      daraja: {
        baseUrl: null,
        businessShortCode: '174379',
        transactionType: 'CustomerPayBillOnline',
        partyB: '174379',
      },
      queriesPerMinute: 600,
      trustedProxies: [],
      logLevel: 'info',
      secrets: { malipoSecrets: [], bootstrapKey: null },
    });
  });

  it('the ladder of looks is the one of the documentation', () => {
    expect(config.ladderMs).toEqual(
      [60, 120, 300, 900, 3600, 21_600, 86_400].map((seconds) => seconds * 1000),
    );
  });

  it('callbacks are believed from this machine', () => {
    const loopback = ['127.0.0.0/8', '::1'];
    expect(config.senders).toEqual({ tokenPath: loopback, sharedPath: loopback, trustForwarded: false });
  });

  it('empty settings are as good as none', () => {
    const empty = {
      HOST: '',
      PORT: ' ',
      MPESA_ENVIRONMENT: '',
      DATABASE_URL: '',
      MALIPO_SECRET: '',
      RECONCILE_LADDER_SECONDS: '',
    };
    expect(readConfig(empty)).toEqual(config);
  });
});

describe('the prompt guard', () => {
  const limits = { openSeconds: 180, perPhonePerMinute: 3, perClientPerSecond: 10 };

  it('is on where M-Pesa is real, and off with the simulator', () => {
    expect([production, sandbox, {}].map((env) => readConfig(env).promptLimits)).toEqual([
      limits,
      limits,
      null,
    ]);
  });

  it('can be switched on and off everywhere', () => {
    expect(readConfig({ PROMPT_GUARD: 'on' }).promptLimits).toEqual(limits);
    expect(readConfig({ ...production, PROMPT_GUARD: 'off' }).promptLimits).toBeNull();
  });

  it('cools down as long as is set, and after the other results as long as M-Pesa wants', () => {
    const { coolDowns } = readConfig({ PAYER_COOL_DOWN_SECONDS: '1037=90, 17=0' });
    expect(coolDowns).toEqual({ '1001': 120, '17': 0, '1037': 90 });
  });
});

describe('by environment', () => {
  it('the sandbox is asked five times a minute, and only token paths are believed', () => {
    expect(readConfig(sandbox)).toMatchObject({
      environment: 'SANDBOX',
      simulator: null,
      queriesPerMinute: 5,
      daraja: {
        baseUrl: 'https://sandbox.safaricom.co.ke',
        consumerKey: 'the-key',
        businessShortCode: '600123',
      },
      senders: { tokenPath: null, sharedPath: [] },
    });
  });

  it('production is asked sixty times a minute, and Safaricom alone is believed', () => {
    const config = readConfig(production);
    expect(config).toMatchObject({
      environment: 'PRODUCTION',
      simulator: null,
      queriesPerMinute: 60,
      daraja: { baseUrl: 'https://api.safaricom.co.ke' },
      database: { kind: 'postgresql', url: 'postgresql://localhost/malipo' },
      hints: { kind: 'postgresql', url: 'postgresql://localhost/malipo' },
    });
    expect(config.senders.sharedPath).toContain('196.201.214.200');
  });

  it('a base URL that is not Safaricom\u2019s is a simulator, and not the built-in one', () => {
    expect(readConfig({ MPESA_BASE_URL: 'http://127.0.0.1:9000' })).toMatchObject({
      environment: 'SIMULATOR',
      simulator: null,
      daraja: { baseUrl: 'http://127.0.0.1:9000' },
    });
  });

  it('Safaricom\u2019s own base URL may end in a slash', () => {
    expect(readConfig({ ...sandbox, MPESA_BASE_URL: 'https://sandbox.safaricom.co.ke/' })).toMatchObject({
      environment: 'SANDBOX',
    });
  });
});

describe('without credentials', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('a start on %s is the simulator', (HOST) => {
    expect(readConfig({ HOST }).environment).toBe('SIMULATOR');
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'pay.example'])('a start on %s is refused', (HOST) => {
    expect(problemsOf({ HOST })).toEqual([expect.stringContaining('MPESA_ENVIRONMENT must be set')]);
  });

  it('a start on any address is the simulator when that is said', () => {
    expect(readConfig({ HOST: '0.0.0.0', MPESA_ENVIRONMENT: 'simulator' }).environment).toBe('SIMULATOR');
  });

  it.each(Object.keys(credentials))('%s alone is a forgotten environment', (name) => {
    expect(problemsOf({ [name]: '123456' })).toEqual([expect.stringMatching(`MPESA_ENVIRONMENT .*${name}`)]);
  });

  it.each(Object.keys(credentials))('%s_FILE alone is a forgotten environment', (name) => {
    expect(problemsOf({ [`${name}_FILE`]: import.meta.filename })).toContainEqual(
      expect.stringMatching(`MPESA_ENVIRONMENT .*${name}`),
    );
  });
});

describe('a missing setting is named', () => {
  it.each([...Object.keys(credentials), 'CALLBACK_BASE_URL'])('%s in the sandbox', (name) => {
    expect(problemsOf({ ...sandbox, [name]: undefined })).toEqual([
      expect.stringContaining(`${name} is missing`),
    ]);
  });

  it.each([...Object.keys(credentials), 'CALLBACK_BASE_URL', 'MALIPO_SECRET', 'DATABASE_URL'])(
    '%s in production',
    (name) => {
      expect(problemsOf({ ...production, [name]: undefined })).toEqual([
        expect.stringContaining(`${name} is missing`),
      ]);
    },
  );
});

describe('a bad setting is named', () => {
  it.each<[string, string]>([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', 'http'],
    ['CALLBACK_PORT', 'x'],
    ['METRICS_PORT', '65536'],
    ['METRICS_PORT', '4000'],
    ['MPESA_ENVIRONMENT', 'live'],
    ['MPESA_ENVIRONMENT', 'Production'],
    ['MPESA_TRANSACTION_TYPE', 'PayBill'],
    ['MPESA_BUSINESS_SHORTCODE', '1234'],
    ['MPESA_PARTY_B', '12345678'],
    ['MALIPO_SECRET', 'short'],
    ['MALIPO_SECRET', `${'s'.repeat(32)},short`],
    ['DATABASE_URL', 'mysql://localhost/malipo'],
    ['CALLBACK_BASE_URL', 'not an address'],
    ['CALLBACK_BASE_URL', 'https://mpesa.example'],
    ['CALLBACK_BASE_URL', 'ftp://pay.example'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['CALLBACK_ALLOWED_IPS', '10.0.0.1,10.0.0'],
    ['CALLBACK_ALLOWED_IPS', '::1/129'],
    ['RECONCILE_LADDER_SECONDS', '60,soon'],
    ['RECONCILE_LADDER_SECONDS', '0'],
    ['RECONCILE_LADDER_SECONDS', '60,1.5'],
    ['RECONCILE_LADDER_SECONDS', ','],
    ['STK_QUERY_BUDGET_PER_MINUTE', '0'],
    ['PROMPT_GUARD', 'sometimes'],
    ['PROMPT_GUARD_OPEN_SECONDS', '0'],
    ['PROMPT_GUARD_PER_PHONE_PER_MINUTE', 'three'],
    ['PROMPT_GUARD_PER_CLIENT_PER_SECOND', '-1'],
    ['PAYER_COOL_DOWN_SECONDS', '60'],
    ['PAYER_COOL_DOWN_SECONDS', '1032=60'],
    ['PAYER_COOL_DOWN_SECONDS', '1037=a minute,17=120'],
    ['LOG_LEVEL', 'loud'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', '127.0.0.1:4318'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'grpc://collector.example'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
    ['BOOTSTRAP_API_KEY', 'short'],
    ['BOOTSTRAP_API_KEY', 'a key with spaces in it, long'],
  ])('%s=%s', (name, value) => {
    expect(problemsOf({ ...sandbox, [name]: value })).toEqual([expect.stringMatching(`^${name} `)]);
  });

  it('MPESA_BASE_URL of a stand-in, beside another environment', () => {
    const env = { ...production, MPESA_BASE_URL: 'https://stand-in.example' };
    expect(problemsOf(env)).toEqual([
      expect.stringContaining('MPESA_ENVIRONMENT must be simulator, not production'),
    ]);
  });

  it.each([
    { ...production, MPESA_BASE_URL: 'https://sandbox.safaricom.co.ke' },
    { ...sandbox, MPESA_BASE_URL: 'https://api.safaricom.co.ke' },
    { MPESA_ENVIRONMENT: 'simulator', MPESA_BASE_URL: 'https://api.safaricom.co.ke' },
    ...[
      'https://api.safaricom.co.ke:443',
      'https://API.safaricom.co.ke',
      'http://api.safaricom.co.ke',
      'https://api.safaricom.co.ke//',
    ].map((url) => ({ MPESA_ENVIRONMENT: 'simulator', MPESA_BASE_URL: url })),
  ])('MPESA_BASE_URL of another environment than $MPESA_ENVIRONMENT', (env) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining('MPESA_BASE_URL is not the address of the')]);
  });

  it('MPESA_BASE_URL of Safaricom, without an environment', () => {
    expect(problemsOf({ MPESA_BASE_URL: 'https://api.safaricom.co.ke' })).toEqual([
      expect.stringContaining('MPESA_ENVIRONMENT must say sandbox or production'),
    ]);
  });

  it('CALLBACK_BASE_URL without TLS in production', () => {
    expect(problemsOf({ ...production, CALLBACK_BASE_URL: 'http://pay.example' })).toEqual([
      'CALLBACK_BASE_URL must begin with https://',
    ]);
  });

  it('MPESA_PARTY_B that is missing for a till', () => {
    expect(problemsOf({ ...sandbox, MPESA_TRANSACTION_TYPE: 'CustomerBuyGoodsOnline' })).toEqual([
      expect.stringContaining('MPESA_PARTY_B must be the till number'),
    ]);
  });
});

it('every bad setting is named in one message', () => {
  const problems = problemsOf({
    ...production,
    PORT: 'x',
    LOG_LEVEL: 'loud',
    MALIPO_SECRET: 'short',
    DATABASE_URL: undefined,
  });
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(
    expect.arrayContaining(['PORT', 'LOG_LEVEL', 'MALIPO_SECRET', 'DATABASE_URL']),
  );
  expect(problems).toHaveLength(4);
});

it('a message shows no secret', () => {
  const env = {
    ...production,
    PORT: 'x',
    MALIPO_SECRET: 'hush-hush',
    BOOTSTRAP_API_KEY: 'hush key',
    DATABASE_URL: 'mysql://u:hush@h/d',
  };
  expect(problemsOf(env).join(' ')).not.toContain('hush');
});

it('printed, the settings show no secret', () => {
  const config = readConfig({ ...production, BOOTSTRAP_API_KEY: 'b'.repeat(20) });
  const { database: _database, ...printed } = config;
  for (const secret of ['the-consumer-secret', 'the-passkey', 'sssss', 'bbbbb'])
    expect(JSON.stringify(printed)).not.toContain(secret);
});

describe('secrets', () => {
  it('may be several, newest first, on lines or behind commas', () => {
    const [one, two, three] = ['1'.repeat(32), '2'.repeat(32), '3'.repeat(32)];
    const { secrets } = readConfig({ MALIPO_SECRET: `${one},${two}\n${three}` });
    expect(secrets.malipoSecrets.map((secret) => secret.reveal())).toEqual([one, two, three]);
  });

  describe('in files', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'malipo-config-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    function fileWith(text: string): string {
      const file = join(folder, `file-${String(text.length)}`);
      writeFileSync(file, text);
      return file;
    }

    it('are read, without the line break at their end', () => {
      const { secrets } = readConfig({ MALIPO_SECRET_FILE: fileWith(`${'f'.repeat(32)}\n`) });
      expect(secrets.malipoSecrets.map((secret) => secret.reveal())).toEqual(['f'.repeat(32)]);
    });

    it('are as good as in variables for every credential', () => {
      const files = Object.entries(credentials).map(([name, value]) => [
        `${name}_FILE`,
        fileWith(`${value}\n`),
      ]);
      const { daraja } = readConfig({
        ...Object.fromEntries(files),
        MPESA_ENVIRONMENT: 'sandbox',
        CALLBACK_BASE_URL: 'https://pay.example',
      });
      expect(daraja).toMatchObject({ consumerKey: 'the-key', businessShortCode: '600123', partyB: '600123' });
      expect([daraja.consumerSecret.reveal(), daraja.passkey.reveal()]).toEqual([
        'the-consumer-secret',
        'the-passkey',
      ]);
    });

    it('are named when they are empty', () => {
      const env = { ...sandbox, MPESA_PASSKEY: undefined, MPESA_PASSKEY_FILE: fileWith(' ') };
      expect(problemsOf(env)).toEqual(['MPESA_PASSKEY_FILE names a file that is empty']);
    });

    it('are named once when they cannot be read', () => {
      expect(
        problemsOf({ ...sandbox, MPESA_PASSKEY: undefined, MPESA_PASSKEY_FILE: join(folder, 'nothing') }),
      ).toEqual(['MPESA_PASSKEY_FILE names a file that cannot be read']);
    });
  });
});

it('an allow-list counts for both paths, in every environment', () => {
  const { senders } = readConfig({
    ...production,
    CALLBACK_ALLOWED_IPS: '10.0.0.1, 2001:db8::/32',
    TRUSTED_PROXIES: '10.0.0.0/8',
  });
  const listed = ['10.0.0.1', '2001:db8::/32'];
  expect(senders).toEqual({ tokenPath: listed, sharedPath: listed, trustForwarded: true });
});

describe('REDIS_URL', () => {
  it.each([
    'redis://127.0.0.1:6379',
    'rediss://:the-password@cache.example:6380/2',
    'redis://cache.example/',
  ])('carries hints in place of the database: %s', (url) => {
    const { hints } = readConfig({ REDIS_URL: url, DATABASE_URL: 'postgresql://localhost/malipo' });
    expect(hints.kind === 'redis' && hints.url.reveal()).toBe(url);
    expect(JSON.stringify(hints)).not.toContain('the-password');
  });

  it('may stand in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'malipo-config-'));
    const file = join(folder, 'redis-url');
    writeFileSync(file, 'redis://:the-password@127.0.0.1:6379\n');
    const { hints } = readConfig({ REDIS_URL_FILE: file });
    rmSync(folder, { recursive: true });
    expect(hints.kind === 'redis' && hints.url.reveal()).toBe('redis://:the-password@127.0.0.1:6379');
  });

  it.each([
    '127.0.0.1:6379',
    'http://127.0.0.1:6379',
    'redis://',
    'redis:///0',
    'redis://127.0.0.1:port',
    'redis://127.0.0.1:6379/name',
    'redis://:pass%word@127.0.0.1',
  ])('is refused, and not repeated: %s', (url) => {
    const problems = problemsOf({ REDIS_URL: url });
    expect(problems).toEqual(['REDIS_URL must be a redis:// or rediss:// address']);
  });
});

describe('traces', () => {
  const tracing = (env: Env) => readConfig(env).tracing;
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector.example:4318/';
  const url = 'http://collector.example:4318/v1/traces';

  it('go where OpenTelemetry\u2019s variables say', () => {
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT })).toEqual({ url, ratio: 1 });
    const exact = {
      OTEL_EXPORTER_OTLP_ENDPOINT,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other.example/x',
    };
    expect(tracing(exact)).toEqual({ url: 'https://other.example/x', ratio: 1 });
  });

  it('are off when they are disabled', () => {
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' })).toBeNull();
  });

  it.each([
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 0.25],
    [{ OTEL_TRACES_SAMPLER_ARG: '0.25' }, 1],
  ])('are kept in part: %s', (sampler, ratio) => {
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT, ...sampler })).toEqual({ url, ratio });
  });
});

describe('the gate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'malipo-gate-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const document = 'query A { server { version } }';
  // As `printf '%s' 'query A { server { version } }' | sha256sum` prints it.
  const hash = '3ca809f6a0919d3a8fca4e24665a30b77ec75f5a0b862e6978c4d3b423639f50';
  const fileWith = (text: string) => {
    const file = join(folder, `${text.length}.json`);
    writeFileSync(file, text);
    return file;
  };

  it.each([
    ['the simulator', {}, { rateLimits: false, introspection: true }],
    ['the sandbox', sandbox, { rateLimits: true, introspection: true }],
    ['production', production, { rateLimits: true, introspection: false }],
    [
      'the simulator told so',
      { RATE_LIMITS: 'on', INTROSPECTION: 'off' },
      { rateLimits: true, introspection: false },
    ],
    [
      'production told so',
      { ...production, RATE_LIMITS: 'off', INTROSPECTION: 'on' },
      { rateLimits: false, introspection: true },
    ],
  ])('of %s', (_, env, gate) => {
    expect(readConfig(env).gate).toEqual({ corsOrigins: [], trustedDocuments: null, ...gate });
  });

  it('takes origins as browsers write them, and documents by their hash', () => {
    const { gate } = readConfig({
      CORS_ORIGINS: 'https://shop.example.com, http://localhost:3000',
      TRUSTED_DOCUMENTS: fileWith(JSON.stringify({ [`sha256:${hash.toUpperCase()}`]: document })),
    });
    expect(gate.corsOrigins).toEqual(['https://shop.example.com', 'http://localhost:3000']);
    expect(gate.trustedDocuments).toEqual(new Map([[hash, document]]));
  });

  it.each([
    '*',
    'null',
    'shop.example.com',
    'https://shop.example.com/',
    'https://*.example.com',
    'https://Shop.example.com',
    'file://x',
  ])('takes no %s for an origin', (origin) => {
    expect(problemsOf({ CORS_ORIGINS: origin })).toEqual([
      expect.stringMatching(/^CORS_ORIGINS holds ".*", which is no origin/),
    ]);
  });

  it.each([
    ['cannot be read', () => join(folder, 'nowhere')],
    ['is not JSON', () => fileWith('{')],
    ['holds no object of SHA-256 to document', () => fileWith('[]')],
    ['holds no document', () => fileWith('{}')],
    ['gives "x" to a document whose SHA-256 is another', () => fileWith(JSON.stringify({ x: document }))],
    [
      `gives "${hash}" to a document whose SHA-256 is another`,
      () => fileWith(JSON.stringify({ [hash]: `${document} ` })),
    ],
  ])('takes no file of documents that %s', (what, file) => {
    expect(problemsOf({ TRUSTED_DOCUMENTS: file() })).toEqual([
      `TRUSTED_DOCUMENTS names a file that ${what}`,
    ]);
  });
});
