import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guessableBits } from '../../../src/commands/doctor/probes/guessable-bits.ts';
import { judgeRoom } from '../../../src/commands/doctor/probes/judge-room.ts';
import { answerWith, startScriptedServer } from '../../daraja/support/scripted-daraja.ts';
import { TestApp } from '../../support/test-app.ts';
import { examine, verdicts } from './support/examine.ts';

const strong = '8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d';
const sandbox = {
  MPESA_ENVIRONMENT: 'sandbox',
  MPESA_CONSUMER_KEY: 'the-consumer-key',
  MPESA_CONSUMER_SECRET: 'the-consumer-secret',
  MPESA_PASSKEY: 'the-passkey',
  MPESA_BUSINESS_SHORTCODE: '174379',
  CALLBACK_BASE_URL: 'https://pay.example.com',
};
const production = {
  ...sandbox,
  MPESA_ENVIRONMENT: 'production',
  MPESA_BUSINESS_SHORTCODE: '600123',
  MALIPO_SECRET: strong,
  DATABASE_URL: 'postgresql://127.0.0.1:1/malipo',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'malipo-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('node', () => {
  it.each([
    ['NODE_FITS ok', '24.0.0'],
    ['NODE_FITS ok', '26.1.0'],
    ['NODE_TOO_OLD problem', '22.20.0'],
  ])('is %s at %s', async (verdict, nodeVersion) => {
    expect(await verdicts('node', {}, { nodeVersion })).toEqual([verdict]);
  });
});

describe('settings', () => {
  it('are read where none is set, and where all are', async () => {
    expect(await verdicts('settings', {})).toEqual(['SETTINGS_READ ok']);
    expect(await verdicts('settings', production)).toEqual(['SETTINGS_READ ok']);
  });

  it('that are wrong are a finding each', async () => {
    const findings = await examine('settings', {
      ...production,
      PORT: 'x',
      MPESA_PASSKEY: '',
      MALIPO_SECRET: 'short',
    });
    expect(findings.map(({ status, saw }) => `${status}: ${saw}`)).toEqual([
      expect.stringMatching(/^problem: PORT must be a whole number/),
      'problem: MPESA_PASSKEY is missing.',
      expect.stringMatching(/^problem: MALIPO_SECRET must have at least 32 characters/),
    ]);
  });

  it('that the server would stop at later are found, too', async () => {
    const [finding] = await examine('settings', { ...production, MPESA_PASSKEY: 'copied with a space' });
    expect(finding).toMatchObject({
      status: 'problem',
      saw: 'the passkey must not be empty or contain spaces.',
    });
  });
});

describe('secrets', () => {
  it.each([
    [['SECRET_KEPT ok'], {}],
    [['SECRET_STRONG ok'], { MALIPO_SECRET: strong }],
    [['SECRET_WEAK warning'], { MALIPO_SECRET: 'changeme'.repeat(4) }],
    [['SECRET_WEAK warning'], { MALIPO_SECRET: `${strong},${'a'.repeat(64)}` }],
    [['SECRET_KEPT ok', 'BOOTSTRAP_KEY_SET ok'], { BOOTSTRAP_API_KEY: strong }],
    [['SECRET_KEPT ok', 'BOOTSTRAP_KEY_WEAK warning'], { BOOTSTRAP_API_KEY: '12345'.repeat(8) }],
    [['SECRET_STRONG ok', 'BOOTSTRAP_KEY_PRESENT warning'], { ...production, BOOTSTRAP_API_KEY: strong }],
  ])('are %s with %o', async (found, env) => {
    expect(await verdicts('secrets', env)).toEqual(found);
  });

  it('are measured by how their characters repeat', () => {
    expect(guessableBits('a'.repeat(64))).toBe(0);
    expect(guessableBits('abababab')).toBe(2);
    expect(guessableBits(strong)).toBeGreaterThan(200);
  });
});

describe('files', () => {
  it('that hold secrets are their owner’s alone', async () => {
    const dataDir = join(folder, 'private');
    await mkdir(dataDir, { mode: 0o700 });
    await writeFile(join(dataDir, 'secret'), strong, { mode: 0o600 });
    expect(await verdicts('files', { DATA_DIR: dataDir })).toEqual(['FILES_PRIVATE ok']);
  });

  it('that others can read are named', async () => {
    const dataDir = join(folder, 'open');
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'development-key'), strong);
    await chmod(dataDir, 0o755);
    await chmod(join(dataDir, 'development-key'), 0o644);
    const findings = await examine('files', { DATA_DIR: dataDir });
    expect(findings.map(({ code, saw }) => `${code}: ${saw}`)).toEqual([
      `FILE_OPEN_TO_OTHERS: ${dataDir} has mode 755.`,
      `FILE_OPEN_TO_OTHERS: ${join(dataDir, 'development-key')} has mode 644.`,
    ]);
  });
});

describe('disk', () => {
  it('has room, also for a folder that is not made yet', async () => {
    const env = { DATA_DIR: join(folder, 'not', 'yet'), SPOOL_MAX_MB: '1' };
    expect(await verdicts('disk', env)).toEqual(['DISK_HAS_ROOM ok']);
  });

  it.each([
    ['DISK_HAS_ROOM ok', 256, 256],
    ['DISK_SHORT warning', 255, 256],
    ['DISK_SHORT warning', 16, 256],
    ['DISK_FULL problem', 15, 256],
    ['DISK_FULL problem', 15, 1],
  ])('is %s with %i MB free where %i are wanted', (verdict, free, wanted) => {
    const bytes = { free: free * 2 ** 20, wanted: wanted * 2 ** 20 };
    const { code, status } = judgeRoom({ dataDir: './data', ...bytes });
    expect(`${code} ${status}`).toBe(verdict);
  });

  it('cannot be written to where a file stands in the way', async () => {
    await writeFile(join(folder, 'file'), '');
    const env = { DATA_DIR: join(folder, 'file', 'data') };
    expect(await verdicts('disk', env)).toEqual(['DATA_DIR_NOT_WRITABLE problem']);
  });
});

describe('server', () => {
  it('runs', async () => {
    await using malipo = await TestApp.start();
    expect(await verdicts('server', { PORT: new URL(malipo.url).port })).toEqual(['SERVER_READY ok']);
  });

  it.each([
    [
      'SERVER_DEGRADED warning',
      200,
      { status: 'ready', degraded: true, reason: 'callbacks wait in the spool' },
    ],
    ['SERVER_UNREADY problem', 503, { status: 'unready', reason: 'Malipo is starting' }],
    ['PORT_TAKEN problem', 200, 'Welcome'],
    ['PORT_TAKEN problem', 404, ''],
  ])('is %s where HTTP %i %o is said', async (verdict, status, body) => {
    await using other = await startScriptedServer(answerWith(status, body));
    expect(await verdicts('server', { PORT: new URL(other.url).port })).toEqual([verdict]);
  });

  it.each(['1', '0'])('that does not run at port %s is no problem', async (port) => {
    expect(await verdicts('server', { PORT: port })).toEqual(['SERVER_NOT_RUNNING skipped']);
  });
});

describe('short-code', () => {
  const till = { MPESA_TRANSACTION_TYPE: 'CustomerBuyGoodsOnline', MPESA_PARTY_B: '5123456' };
  const sandboxPasskey = 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919';

  it.each([
    [['SHORT_CODE_PLAUSIBLE ok'], {}],
    [['SHORT_CODE_PLAUSIBLE ok'], sandbox],
    [['SHORT_CODE_PLAUSIBLE ok'], production],
    [['SHORT_CODE_PLAUSIBLE ok'], { ...production, ...till }],
    [['SHORT_CODE_OF_SANDBOX problem'], { ...production, MPESA_BUSINESS_SHORTCODE: '174379' }],
    [['PASSKEY_OF_SANDBOX problem'], { ...production, MPESA_PASSKEY: sandboxPasskey }],
    [['SANDBOX_HAS_NO_TILL problem'], { ...sandbox, ...till }],
    [['SHORT_CODE_NOT_OF_SANDBOX warning'], { ...sandbox, MPESA_BUSINESS_SHORTCODE: '600123' }],
    [['PAYBILL_PAYS_ANOTHER warning'], { ...production, MPESA_PARTY_B: '123456' }],
    [['PAYBILL_LOOKS_LIKE_TILL warning'], { ...production, MPESA_BUSINESS_SHORTCODE: '5123456' }],
    [['TILL_IS_STORE warning'], { ...production, ...till, MPESA_PARTY_B: '600123' }],
    [
      ['SHORT_CODE_OF_SANDBOX problem', 'PAYBILL_PAYS_ANOTHER warning'],
      { ...production, MPESA_BUSINESS_SHORTCODE: '174379', MPESA_PARTY_B: '600123' },
    ],
  ])('is %s with %o', async (found, env) => {
    expect(await verdicts('short-code', env)).toEqual(found);
  });
});
