import { Counter, Gauge, type Registry } from 'prom-client';
import { AttentionReason } from '../database/generated/prisma/enums.ts';
import { within } from '../lib/within.ts';
import { openStatuses } from '../transactions/decide/status.ts';
import { ages, type PaymentStanding } from './payment-standing.ts';

export type StandingDeps = {
  version: string;
  environment: string;
  queriesPerMinute: number;
  /** Whether it answers requests, past its start and before its stop. */
  isServing(): boolean;
  databaseAnswers: () => Promise<boolean>;
  isDatabaseAway(): boolean;
  spool: { readonly records: number; readonly bytes: number; readonly bytesMax: number };
  watchers(): { watchers: number; payments: number };
  areHintsLinked(): boolean;
  /** Rejects while the database is away. */
  payments: () => Promise<PaymentStanding>;
};

/** A scrape is answered within 2 s, with or without what the database knows. In milliseconds. */
const databaseMsMax = 1_200;

/**
 * How things stand at the moment of the scrape. What the database knows is the same for all processes of a deployment: take
 * the max of it over them, not the sum. While the database does not answer it is left out, rather than shown as it was.
 */
export function standingMetrics(registry: Registry, deps: StandingDeps): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  new Gauge({
    name: 'malipo_info',
    help: 'Which Malipo this is.',
    labelNames: ['version', 'environment'],
    registers,
  }).set({ version: deps.version, environment: deps.environment }, 1);
  gauge('malipo_serving', 'Whether this process answers requests: 0 while it starts or stops.', () =>
    Number(deps.isServing()),
  );
  gauge(
    'malipo_inbox_database_away',
    'Whether callbacks go straight to the spool, because the database is away or too slow.',
    () => Number(deps.isDatabaseAway()),
  );
  gauge(
    'malipo_spool_records',
    'Records on the disk of this process that wait for the database.',
    () => deps.spool.records,
  );
  gauge(
    'malipo_spool_bytes',
    'What the spool takes on the disk, of all processes in one DATA_DIR.',
    () => deps.spool.bytes,
  );
  gauge('malipo_spool_max_bytes', 'What the spool may take on the disk.', () => deps.spool.bytesMax);
  gauge(
    'malipo_watchers',
    'Subscriptions and waiting queries in this process.',
    () => deps.watchers().watchers,
  );
  gauge(
    'malipo_watched_payments',
    'Payments that somebody watches in this process.',
    () => deps.watchers().payments,
  );
  gauge('malipo_hints_linked', 'Whether hints reach other processes now. 1 where there are none.', () =>
    Number(deps.areHintsLinked()),
  );
  gauge(
    'malipo_query_budget_per_minute',
    'Status queries that the deployment may send in a minute.',
    () => deps.queriesPerMinute,
  );
  databaseGauges(registry, deps);
}

function databaseGauges(registry: Registry, { payments, databaseAnswers }: StandingDeps): void {
  const registers = [registry];
  new Gauge({
    name: 'malipo_database_up',
    help: 'Whether the database could be written to now.',
    registers,
    async collect() {
      this.set(Number(await within(databaseAnswers(), databaseMsMax).catch(() => false)));
    },
  });
  const standing = () => within(payments(), databaseMsMax).catch(() => null);
  new Gauge({
    name: 'malipo_open_payments',
    help: 'Payments that are not final, by status and age, in the whole deployment.',
    labelNames: ['status', 'age'],
    registers,
    async collect() {
      const now = await standing();
      this.reset();
      if (now === null) return;
      for (const status of openStatuses) for (const age of ages) this.set({ status, age }, 0);
      for (const { status, age, payments: count } of now.open) this.set({ status, age }, count);
    },
  });
  new Gauge({
    name: 'malipo_payments_needing_attention',
    help: 'Payments that a person should look at, by reason, in the whole deployment.',
    labelNames: ['reason'],
    registers,
    async collect() {
      const now = await standing();
      this.reset();
      if (now === null) return;
      for (const reason of Object.values(AttentionReason)) this.set({ reason }, 0);
      for (const { reason, payments: count } of now.attention) this.set({ reason }, count);
    },
  });
  const single = (name: string, help: string, read: (now: PaymentStanding) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const now = await standing();
        // What has no label cannot be left out.
        this.set(now === null ? Number.NaN : read(now));
      },
    });
  };
  single(
    'malipo_oldest_open_payment_age_seconds',
    'How old the oldest payment is that is not final; 0 without any.',
    ({ oldestOpenSeconds }) => oldestOpenSeconds,
  );
  single(
    'malipo_queries_due',
    'Payments that M-Pesa could be asked about now, if the budget allowed; at most 10,000.',
    ({ queriesDue }) => queriesDue,
  );
  single(
    'malipo_query_budget_halved_until_timestamp_seconds',
    'Until when M-Pesa is asked at half the rate because it said 429, in Unix time; 0 if it never did.',
    ({ halvedUntilSeconds }) => halvedUntilSeconds,
  );
  new Counter({
    name: 'malipo_query_slots_taken_total',
    help: 'Slots of the budget of status queries that were taken, in the whole deployment.',
    // With a label it can be absent until it is known: a counter that begins at 0 would seem to rise by all of it.
    labelNames: ['budget'],
    registers,
    async collect() {
      const now = await standing();
      if (now === null) return;
      this.reset();
      this.inc({ budget: 'stk_query' }, now.slotsTaken);
    },
  });
}
