import fc from 'fast-check';
import { amountCents, type Answer, type Word } from './rules.ts';

/** A callback or the answer to a query, before it is known which payments there are. */
export type Said = { payment: number } & (
  | {
      kind: 'success';
      receipt: 'own' | 'second' | 'shared' | null;
      cents: number | null;
      isOfAnotherPrompt: boolean;
    }
  | { kind: 'failure'; code: string }
  | Extract<Word, { kind: 'query' }>
);

export type Operation =
  /** One process settles a batch. `cut`: it dies before or after the commit. `twice`: so does the other, with the same ids. */
  | { kind: 'settle'; process: number; said: Said[]; cut: 'before' | 'after' | null; twice: boolean }
  /** What was cut is delivered again. */
  | { kind: 'redeliver'; process: number }
  /** The process that is to push gets its access token, and sends if it may. */
  | { kind: 'dispatch'; payment: number }
  | { kind: 'answer'; payment: number; answer: Answer['answer'] }
  | { kind: 'lease-end'; payment: number; process: number };

const payment = fc.nat(1);
const process = fc.nat(1);
const rarely = fc.nat(5).map((number) => number === 5);

const success = fc.record({
  kind: fc.constant('success' as const),
  payment,
  receipt: fc.constantFrom('own' as const, 'own' as const, 'second' as const, 'shared' as const, null),
  cents: fc.constantFrom(amountCents, amountCents, null, 140_000),
  isOfAnotherPrompt: rarely,
});
const failure = fc.record({
  kind: fc.constant('failure' as const),
  payment,
  code: fc.constantFrom('1032', '1037', '1', '2008'),
});
const query = fc.record({
  kind: fc.constant('query' as const),
  payment,
  code: fc.constantFrom('0', '1032', '1032', '1', '1', null),
  pause: rarely,
  isLast: rarely,
});

const settled = {
  kind: fc.constant('settle' as const),
  process,
  cut: fc.constantFrom(null, null, null, 'before' as const, 'after' as const),
  twice: rarely,
};
const callbacks = fc.record({
  ...settled,
  said: fc.array(fc.oneof(success, failure), { minLength: 1, maxLength: 2 }),
});
const queried = fc.record({ ...settled, said: query.map((one): Said[] => [one]) });

/** Everything that may happen to payments. Each new kind of evidence is a line here, and one in rules.ts. */
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: callbacks },
  { weight: 3, arbitrary: queried },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('redeliver' as const), process }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dispatch' as const), payment }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      payment,
      answer: fc.constantFrom<Answer['answer']>('accepted', 'accepted', 'refused', 'not-sent', 'unknown'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lease-end' as const), payment, process }) },
);

const dispatch = (payment: number): Operation[] => [{ kind: 'dispatch', payment }];
const accept = (payment: number): Operation[] => [{ kind: 'answer', payment, answer: 'accepted' }];

/** How far the push of each payment has come before anything unusual happens. */
const beginning = (payment: number): fc.Arbitrary<Operation[][]> =>
  fc.constantFrom([], [dispatch(payment)], [dispatch(payment), accept(payment)]);

/** A story: step after step, the operations of one step all at once. */
export const story: fc.Arbitrary<Operation[][]> = fc
  .tuple(
    beginning(0),
    beginning(1),
    fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
  )
  .map((parts) => parts.flat());
