import type { Random } from '../random.ts';

/** Outcomes of the simulator's reserved numbers that nothing ever settles: rare, because they stay open. */
const neverSettled = [17, 20, 29];
/** Disowns the access token of everybody: rare, or nothing else would happen. */
const disturbing = [19];
/** Waits for a person. */
const waiting = [28];

const common = Array.from({ length: 31 }, (_, outcome) => outcome).filter(
  (outcome) => ![...neverSettled, ...disturbing, ...waiting].includes(outcome),
);
const reserved = [0, ...common, ...common, ...common, ...neverSettled, ...disturbing] as const;

/** Two in five are reserved for a fault of M-Pesa's; the others just pay. */
const reservedShare = 0.4;

/** The number of a payer, which chooses what M-Pesa does. */
export function pickPhone(random: Random): string {
  return random.next() < reservedShare
    ? `2547000000${String(random.pick(reserved)).padStart(2, '0')}`
    : `2547${String(10_000_000 + random.below(89_000_000))}`;
}
