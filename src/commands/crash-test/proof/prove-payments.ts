import { isFinal } from './final-statuses.ts';
import type { Asked, Facts, Prompt, Stored } from './facts.ts';
import type { Finding } from './finding.ts';

/** Every answered request has its one transaction and at most one prompt, and it ends as M-Pesa knows it. */
export function provePayments({ asked, prompts, stored }: Facts): Finding[] {
  const storedByKey = Map.groupBy(stored, ({ key }) => key);
  const promptsByReference = Map.groupBy(prompts, ({ reference }) => reference);
  return asked.flatMap((payment) => {
    const rows = storedByKey.get(payment.key) ?? [];
    const prompted = promptsByReference.get(payment.reference) ?? [];
    return [...existence(payment, rows), ...once(payment, rows, prompted), ...truth(payment, rows, prompted)];
  });
}

function existence({ key, answers }: Asked, rows: readonly Stored[]): Finding[] {
  if (answers.length === 0) {
    return [{ kind: 'lost', about: key, why: 'its request was never answered, however often it was made' }];
  }
  const known = new Set(rows.map(({ globalId }) => globalId));
  return answers
    .filter((id) => !known.has(id))
    .map((id) => ({ kind: 'lost', about: key, why: `it was answered with ${id}, which is not stored` }));
}

function once({ key, answers }: Asked, rows: readonly Stored[], prompts: readonly Prompt[]): Finding[] {
  const ids = new Set(answers);
  return [
    ...(rows.length > 1 || ids.size > 1
      ? [
          {
            kind: 'doubled',
            about: key,
            why: `it has ${rows.length} transactions and ${ids.size} ids`,
          } as const,
        ]
      : []),
    ...(prompts.length > 1
      ? [
          {
            kind: 'doubled',
            about: key,
            why: `M-Pesa took ${prompts.length} requests to pay for it`,
          } as const,
        ]
      : []),
  ];
}

function truth({ key }: Asked, rows: readonly Stored[], prompts: readonly Prompt[]): Finding[] {
  const isPaid = prompts.some(({ resultCode }) => resultCode === '0');
  const isDecided = prompts.some(({ resultCode }) => resultCode !== null);
  return rows.flatMap(({ status, isQueryable }): Finding[] => {
    if (status === 'COMPLETED' && !isPaid) {
      return [{ kind: 'wrong', about: key, why: 'it is COMPLETED and M-Pesa was not paid' }];
    }
    if (status !== 'COMPLETED' && isFinal(status) && isPaid) {
      return [{ kind: 'lost', about: key, why: `M-Pesa was paid and it is ${status}` }];
    }
    if (!isFinal(status) && isDecided && isQueryable) {
      return [{ kind: 'lost', about: key, why: `it is still ${status}, and M-Pesa could have been asked` }];
    }
    return [];
  });
}
