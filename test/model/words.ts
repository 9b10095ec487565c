import type { Submission } from '../../src/transactions/settle/submission.ts';
import type { Said } from './operations.ts';
import { newArrival, type RealPayment } from './real-world.ts';
import type { Heard } from './serial-orders.ts';

/** What was said, as the model hears it and as the code gets it. */
export type Arrival = { heard: Heard; submission: Submission };

type Word = Extract<Heard['word'], { kind: 'success' | 'failure' | 'query' }>;

/** `variant`: the same said in other bytes. */
export function arrive(payments: readonly RealPayment[], said: Said, variant: number): Arrival {
  const payment = payments[said.payment];
  if (payment === undefined) throw new Error('There is no such payment');
  const word = wordOf(payments, payment, said);
  const arrival = newArrival();
  const evidence = evidenceOf(word, variant);
  const body = word.kind === 'query' ? null : Buffer.from(JSON.stringify(evidence));
  return {
    heard: { payment: said.payment, word, arrival: arrival.id },
    submission: { ...arrival, kind: 'evidence', body, transactionId: payment.id, evidence },
  };
}

function wordOf(payments: readonly RealPayment[], { id, prompt }: RealPayment, said: Said): Word {
  switch (said.kind) {
    case 'success': {
      const receipts = { own: `A${id}`, second: `B${id}`, shared: `S${payments[0]?.id ?? ''}` };
      const receipt = said.receipt === null ? null : receipts[said.receipt];
      return {
        kind: 'success',
        receipt,
        cents: said.cents,
        prompt: said.isOfAnotherPrompt ? `${prompt}-2` : prompt,
      };
    }
    case 'failure':
      return { kind: 'failure', code: said.code, prompt };
    case 'query':
      return { kind: 'query', code: said.code, pause: said.pause, isLast: said.isLast };
  }
}

const paidAt = new Date('2026-11-24T07:10:30Z');

function evidenceOf(word: Word, variant: number) {
  const resultDescription = `Said in words ${String(variant)}.`;
  if (word.kind === 'query') {
    const next = { rung: 1, pauseMs: word.pause ? 3_600_000 : 0, stillOpen: word.isLast, plannedFor: null };
    return { kind: 'query', source: 'QUERY', resultCode: word.code, resultDescription, next } as const;
  }
  const { receipt, cents } = word.kind === 'success' ? word : { receipt: null, cents: null };
  return {
    kind: 'callback',
    source: 'CALLBACK',
    attempt: 1,
    merchantRequestId: 'merchant',
    checkoutRequestId: word.prompt,
    resultCode: word.kind === 'success' ? '0' : word.code,
    resultDescription,
    receipt,
    amountCents: cents,
    paidAt: receipt === null ? null : paidAt,
  } as const;
}
