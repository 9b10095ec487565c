import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/commands/crash-test/proof/facts.ts';
import { prove } from '../../../src/commands/crash-test/proof/prove.ts';
import { readSaying } from '../../../src/commands/crash-test/proof/read-saying.ts';

const id = '01930000-0000-7000-8000-000000000001';
const requested = { sequence: 1, status: 'REQUESTED' };
const awaited = { sequence: 2, status: 'AWAITING_PAYER' };
const completed = { sequence: 3, status: 'COMPLETED' };
const events = [requested, awaited, completed];
const row: Facts['stored'][number] = {
  id,
  globalId: 'global-1',
  key: 'key-1',
  status: 'COMPLETED',
  sequence: 3,
  receipt: 'UKO1',
  isQueryable: true,
  events,
};
const post = { transactionId: id, attempt: 1, hash: 'paid-hash', status: 200, at: 0, ms: 1 };
const asked = { key: 'key-1', reference: 'L1', phone: '254711111111', amount: 10, answers: ['global-1'] };

/** One payment that was asked for, prompted, paid, told and kept, as it should be. */
const sound: Facts = {
  asked: [asked],
  posts: [post, post, { ...post, status: null }],
  sayings: new Map([
    ['paid-hash', { kind: 'paid', receipt: 'UKO1' }],
    ['failed-hash', { kind: 'failed' }],
    ['broken-hash', { kind: 'unreadable' }],
  ]),
  prompts: [{ reference: 'L1', resultCode: '0' }],
  stored: [row],
  kept: [{ transactionId: id, attempt: 1, hash: 'paid-hash', times: 3 }],
  timelines: new Map([['global-1', events]]),
  watched: [
    { globalId: 'global-1', seen: [awaited, completed], ended: true },
    { globalId: 'global-1', seen: events, ended: true },
  ],
  crashes: [
    { name: 'Malipo 1', times: 0 },
    { name: 'Malipo 2', times: 0 },
  ],
};

const told = (facts: Partial<Facts>) =>
  prove({ ...sound, ...facts }).map(({ kind, about, why }) => `${kind}: ${about}: ${why}`);

/** The payment as it stands with other facts about its row; its timeline says the same. */
const stored = (changes: Partial<typeof row>): Partial<Facts> => {
  const changed = { ...row, ...changes };
  return { stored: [changed], timelines: new Map([['global-1', changed.events]]), watched: [] };
};
const open = stored({ status: 'AWAITING_PAYER', sequence: 2, receipt: null, events: [requested, awaited] });
const failed = { sequence: 3, status: 'FAILED' };

it('finds nothing where nothing is wrong', () => {
  expect(told({})).toEqual([]);
});

describe('a request for payment', () => {
  it('that was never answered is lost', () => {
    expect(told({ asked: [{ ...asked, answers: [] }] })).toEqual([
      'lost: key-1: its request was never answered, however often it was made',
    ]);
  });

  it('that was answered and is not stored is lost', () => {
    expect(told({ stored: [], kept: [], posts: [] })).toEqual([
      'lost: key-1: it was answered with global-1, which is not stored',
    ]);
  });

  it('that was answered with two ids is doubled', () => {
    expect(told({ asked: [{ ...asked, answers: ['global-1', 'global-2'] }] })).toContain(
      'doubled: key-1: it has 1 transactions and 2 ids',
    );
  });

  it('that has two transactions is doubled', () => {
    const twin = { ...row, id: 'other', globalId: 'global-2', receipt: null };
    const timelines = new Map([...sound.timelines, ['global-2', events] as const]);
    expect(told({ stored: [row, twin], timelines })).toEqual([
      'doubled: key-1: it has 2 transactions and 1 ids',
    ]);
  });

  it('that prompted the payer twice is doubled', () => {
    const prompts = [...sound.prompts, { reference: 'L1', resultCode: null }];
    expect(told({ prompts })).toEqual(['doubled: key-1: M-Pesa took 2 requests to pay for it']);
  });

  it('that was paid and is called failed is lost', () => {
    const facts = stored({ status: 'FAILED', receipt: null, events: [requested, awaited, failed] });
    expect(told({ ...facts, posts: [], kept: [] })).toEqual([
      'lost: key-1: M-Pesa was paid and it is FAILED',
    ]);
  });

  it('that was not paid and is called paid is wrong', () => {
    expect(told({ prompts: [{ reference: 'L1', resultCode: '1032' }] })).toEqual([
      'wrong: key-1: it is COMPLETED and M-Pesa was not paid',
    ]);
  });

  it('that M-Pesa could have been asked about may not stay open', () => {
    expect(told({ ...open, posts: [], kept: [] })).toEqual([
      'lost: key-1: it is still AWAITING_PAYER, and M-Pesa could have been asked',
    ]);
  });

  it('that nobody can be asked about may stay open', () => {
    const events = [requested, { sequence: 2, status: 'UNCONFIRMED' }];
    const facts = stored({ status: 'UNCONFIRMED', sequence: 2, receipt: null, isQueryable: false, events });
    expect(told({ ...facts, posts: [], kept: [] })).toEqual([]);
  });
});

describe('a callback that was answered with success', () => {
  it('and is not kept is lost', () => {
    expect(told({ kept: [] })).toEqual([
      `lost: ${id} attempt 1 body paid-hash: 2 posts of this callback were answered with success, 0 are kept`,
    ]);
  });

  it('more often than it was counted is lost', () => {
    expect(told({ kept: [{ transactionId: id, attempt: 1, hash: 'paid-hash', times: 1 }] })).toEqual([
      `lost: ${id} attempt 1 body paid-hash: 2 posts of this callback were answered with success, 1 are kept`,
    ]);
  });

  it('and is kept of another attempt only is lost', () => {
    expect(told({ kept: [{ transactionId: id, attempt: 2, hash: 'paid-hash', times: 9 }] })).toHaveLength(1);
  });

  it('belongs to a payment that is stored', () => {
    expect(told({ asked: [], stored: [] })).toEqual([
      `lost: ${id}: a callback for it was answered, and it is not stored`,
    ]);
  });

  it('and said paid makes its payment COMPLETED', () => {
    expect(told({ ...open, prompts: [] })).toEqual([
      `lost: key-1 (${id}): a callback said that it was paid, and it is AWAITING_PAYER`,
    ]);
  });

  it('and brought a receipt leaves it', () => {
    expect(told(stored({ receipt: null }))).toEqual([
      `lost: key-1 (${id}): a callback gave the receipt UKO1, and it has none`,
    ]);
  });

  it('does not become another receipt', () => {
    expect(told(stored({ receipt: 'UKO9' }))).toEqual([
      `wrong: key-1 (${id}): it has the receipt UKO9, and callbacks gave UKO1`,
    ]);
  });

  it('and said failed makes its payment final', () => {
    const posts = [{ ...post, hash: 'failed-hash' }];
    const kept = [{ transactionId: id, attempt: 1, hash: 'failed-hash', times: 1 }];
    expect(told({ ...open, posts, kept, prompts: [] })).toEqual([
      `lost: key-1 (${id}): a callback said that it failed, and it is AWAITING_PAYER`,
    ]);
  });

  it('or refused by a process is lost', () => {
    expect(told({ posts: [...sound.posts, { ...post, status: 503 }] })).toEqual([
      `lost: ${id} attempt 1 body paid-hash: a genuine callback was answered 503`,
    ]);
  });

  it('and could not be read is kept and moves nothing', () => {
    const posts = [{ ...post, hash: 'broken-hash' }];
    const kept = [{ transactionId: id, attempt: 1, hash: 'broken-hash', times: 1 }];
    expect(told({ ...open, posts, kept, prompts: [] })).toEqual([]);
  });
});

describe('a timeline', () => {
  it('has no gap', () => {
    expect(told(stored({ events: [requested, completed] }))).toEqual([
      'gap: key-1: its events are 1 REQUESTED, 3 COMPLETED',
    ]);
  });

  it('ends where its payment is', () => {
    expect(told(stored({ events: [requested, awaited] }))).toEqual([
      'gap: key-1: it is COMPLETED at 3, and its events are 1 REQUESTED, 2 AWAITING_PAYER',
    ]);
  });

  it('may tell more of a completed payment', () => {
    const details = { sequence: 4, status: 'COMPLETED' };
    expect(told(stored({ sequence: 4, events: [...events, details] }))).toEqual([]);
  });

  it('completes its payment once', () => {
    const again = [4, 5].map((sequence) => ({ sequence, status: 'COMPLETED' }));
    expect(told(stored({ sequence: 5, events: [...events, ...again] }))).toEqual([
      'doubled: key-1: it was completed again and again: 1 REQUESTED, 2 AWAITING_PAYER, 3 COMPLETED, 4 COMPLETED, 5 COMPLETED',
    ]);
  });

  it('never leaves COMPLETED', () => {
    const wrong = [
      requested,
      { sequence: 2, status: 'COMPLETED' },
      failed,
      { sequence: 4, status: 'COMPLETED' },
    ];
    expect(told(stored({ sequence: 4, events: wrong }))).toEqual([
      'reordered: key-1: it left COMPLETED: 1 REQUESTED, 2 COMPLETED, 3 FAILED, 4 COMPLETED',
    ]);
  });

  it('is told by the API as it is stored', () => {
    expect(told({ timelines: new Map([['global-1', [requested, completed]]]) })).toEqual([
      'reordered: key-1: the API tells 1 REQUESTED, 3 COMPLETED, stored are 1 REQUESTED, 2 AWAITING_PAYER, 3 COMPLETED',
    ]);
    expect(told({ timelines: new Map() })).toEqual(['lost: key-1: the API does not list it']);
  });
});

describe('a watcher', () => {
  const watching = (seen: Facts['watched'][number]['seen'], ended = true) =>
    told({ watched: [{ globalId: 'global-1', seen, ended }] }).map((line) => line.replace(/: told .*/, ''));

  it.each([
    ['that was told nothing', [], true, 'gap: watcher 0 of key-1: nothing was told'],
    ['that missed a change', [requested, completed], true, 'gap: watcher 0 of key-1: 2 was left out'],
    [
      'that was told a change twice',
      [requested, awaited, awaited, completed],
      true,
      'doubled: watcher 0 of key-1: 2 was told twice',
    ],
    [
      'that was told of changes out of order',
      [awaited, requested, awaited, completed],
      true,
      'reordered: watcher 0 of key-1: 1 was told after 2',
    ],
    [
      'whose stream ended early',
      [requested, awaited],
      true,
      'gap: watcher 0 of key-1: it ended before the payment did',
    ],
    [
      'that waits for what has happened',
      [requested, awaited],
      false,
      'gap: watcher 0 of key-1: the latest change was not told',
    ],
    [
      'whose stream does not end with the payment',
      events,
      false,
      'gap: watcher 0 of key-1: its stream did not end with the payment',
    ],
    [
      'that was told what did not happen',
      [awaited, failed],
      true,
      'wrong: watcher 0 of key-1: 3 was not FAILED',
    ],
  ])('%s is found', (_, seen, ended, finding) => {
    expect(watching(seen, ended)).toContain(finding);
  });

  it('may stop at a failure that proof of payment overturns later', () => {
    const events = [requested, { sequence: 2, status: 'FAILED' }, completed];
    const watched = [{ globalId: 'global-1', seen: events.slice(0, 2), ended: true }];
    expect(told({ ...stored({ events }), watched })).toEqual([]);
  });
});

it('a process that ended by itself is found', () => {
  expect(told({ crashes: [{ name: 'Malipo 2', times: 3 }] })).toEqual([
    'crash: Malipo 2: it ended by itself, times: 3',
  ]);
});

describe('the body of a callback', () => {
  const body = (ResultCode: unknown, Item: unknown[] = []) =>
    readSaying(
      Buffer.from(JSON.stringify({ Body: { stkCallback: { ResultCode, CallbackMetadata: { Item } } } })),
    );

  it('says what the simulator meant', () => {
    const items = [
      { Name: 'Amount', Value: 10 },
      { Name: 'Balance' },
      { Name: 'MpesaReceiptNumber', Value: 'UKO1' },
    ];
    expect(body(0, items)).toEqual({ kind: 'paid', receipt: 'UKO1' });
    expect(body('0', items)).toEqual({ kind: 'paid', receipt: 'UKO1' });
    expect(body('E3008')).toEqual({ kind: 'failed' });
    expect(readSaying(Buffer.from('{"Body":{"stk'))).toEqual({ kind: 'unreadable' });
  });
});
