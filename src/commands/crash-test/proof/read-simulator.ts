import { request } from 'undici';
import type { Prompt } from './facts.ts';

type Payment = { reference: string; resultCode: string | null };

/** Every request to pay that M-Pesa's stand-in took, and what its payer decided. */
export async function readSimulator(url: string): Promise<Prompt[]> {
  const { body } = await request(`${url}/_simulator/payments`);
  const payments = (await body.json()) as Payment[];
  return payments.map(({ reference, resultCode }) => ({ reference, resultCode }));
}
