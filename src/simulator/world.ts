import type { Clock } from '../lib/clock.ts';
import type { Payer } from './payer/payer.ts';
import type { Payments } from './payer/payments.ts';
import type { Phones } from './payer/phones.ts';
import type { Receipts } from './payer/receipts.ts';
import type { AccessTokens } from './protocol/access-tokens.ts';
import type { SpikeArrest } from './protocol/spike-arrest.ts';
import type { SimulatorSettings } from './settings.ts';
import type { Stats } from './stats.ts';

/** Everything that one simulator knows. Nothing of it is shared between two simulators in one process. */
export type World = {
  readonly settings: SimulatorSettings;
  readonly clock: Clock;
  readonly stats: Stats;
  readonly tokens: AccessTokens;
  readonly queryLimit: SpikeArrest;
  readonly phones: Phones;
  readonly payments: Payments;
  readonly receipts: Receipts;
  readonly payer: Payer;
};
