/** A seeded payment is known by its number alone, here and in `seed.ts`' SQL alike: nobody needs to keep a list. */
export type SeededPayment = {
  id: string;
  phoneNumber: string;
  amountShillings: number;
  merchantRequestId: string;
  checkoutRequestId: string;
  receipt: string;
};

/** When payment 0 was made; each further one is a millisecond later. Yesterday, so that nothing is due to be pruned. */
const epochMs = Math.floor(Date.now() / 1000) * 1000 - 24 * 60 * 60 * 1000;

export function seededPayment(number: number): SeededPayment {
  const phoneNumber = `2547${String((number * 48_271) % 100_000_000).padStart(8, '0')}`;
  return {
    id: idOf(number),
    phoneNumber,
    amountShillings: 1 + (number % 1000),
    merchantRequestId: `29115-${number}-1`,
    checkoutRequestId: `ws_CO_${String(number).padStart(16, '0')}${phoneNumber.slice(3)}`,
    receipt: `UB${number.toString(16).toUpperCase().padStart(8, '0')}`,
  };
}

function idOf(number: number): string {
  const hex = `${(epochMs + number).toString(16).padStart(12, '0')}70008${number.toString(16).padStart(15, '0')}`;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** As the API writes it. */
export function globalId(id: string): string {
  return Buffer.from(`Transaction:${id}`).toString('base64');
}

/** The same in SQL, of a bigint `i`. */
export const sql = {
  id: `(lpad(to_hex(${epochMs}::bigint + i), 12, '0') || '70008' || lpad(to_hex(i), 15, '0'))::uuid`,
  evidenceId: `(lpad(to_hex(${epochMs}::bigint + i), 12, '0') || '70009' || lpad(to_hex(i), 15, '0'))::uuid`,
  phoneNumber: `'2547' || lpad(((i * 48271) % 100000000)::text, 8, '0')`,
  amountShillings: `(1 + i % 1000)::int`,
  merchantRequestId: `'29115-' || i || '-1'`,
  checkoutRequestId: `'ws_CO_' || lpad(i::text, 16, '0') || '7' || lpad(((i * 48271) % 100000000)::text, 8, '0')`,
  receipt: `'UB' || lpad(upper(to_hex(i)), 8, '0')`,
  createdAt: `to_timestamp((${epochMs}::bigint + i) / 1000.0)`,
};
