import { createRandom, type Random } from '../../src/commands/crash-test/random.ts';
import type { Target } from './target.ts';

export type Genuine = { path: string; checkoutRequestId: string };

export type ForgedResult = {
  forged: number;
  /** Status → how often. */
  forgedAnswers: { [status: number]: number };
  genuineAnswers: { [status: number]: number };
  seconds: number;
};

export type ForgeOptions = {
  count: number;
  seconds: number;
  seed: number;
  /** Ids of payments that a forger may have heard of. */
  knownIds: readonly string[];
  /** Posted one after the other, in even steps, among the forged ones. */
  genuine: readonly Genuine[];
};

const atOnce = 32;

/**
 * Posts forged callbacks at a steady pace: to tokens that nobody made, to tokens with one digit changed, and to the path
 * that every guide names, with the ids of real payments, saying that they were paid. Among them come the genuine ones.
 */
export async function forgeCallbacks(
  target: Target,
  { count, seconds, seed, knownIds, genuine }: ForgeOptions,
): Promise<ForgedResult> {
  const random = createRandom(seed);
  const result: ForgedResult = { forged: 0, forgedAnswers: {}, genuineAnswers: {}, seconds: 0 };
  const startedAt = performance.now();
  let next = 0;
  let nextGenuine = 0;
  const forge = async (): Promise<void> => {
    const path = forgedPath(random, genuine);
    const id = knownIds[random.below(knownIds.length)] ?? 'ws_CO_unknown';
    // A token is tried from an allowed address too, where nothing but the token keeps the forger out.
    const sender = path.startsWith('/cb/') && random.below(2) === 0 ? mpesa : strangers;
    const status = await post(target, path, success(id, `FORGED${random.below(1e6)}`), sender);
    result.forged += 1;
    result.forgedAnswers[status] = (result.forgedAnswers[status] ?? 0) + 1;
  };
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const early = (next / count) * seconds * 1_000 - (performance.now() - startedAt);
      if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
      const due = genuine[nextGenuine];
      if (due !== undefined && next >= ((nextGenuine + 1) / (genuine.length + 1)) * count) {
        nextGenuine += 1;
        const body = success(due.checkoutRequestId, `GENUINE${nextGenuine}`);
        const status = await post(target, due.path, body, mpesa);
        result.genuineAnswers[status] = (result.genuineAnswers[status] ?? 0) + 1;
      }
      await forge();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  result.seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  return result;
}

/** Addresses as a trusted proxy tells them: one of Safaricom's, and one of nobody. */
const mpesa = { 'x-forwarded-for': '196.201.214.200' };
const strangers = { 'x-forwarded-for': '203.0.113.7' };

function forgedPath(random: Random, genuine: readonly Genuine[]): string {
  const real = genuine[random.below(genuine.length)]?.path ?? '/cb/00';
  const digits = '0123456789abcdef';
  const at = '/cb/'.length + random.below(real.length - '/cb/'.length);
  const changed = digits[(digits.indexOf(real[at] ?? '0') + 1 + random.below(15)) % 16] ?? '0';
  const forms = [
    () => `/cb/${Array.from({ length: 68 }, () => digits[random.below(16)]).join('')}`,
    () => real.slice(0, at) + changed + real.slice(at + 1),
    () => `${real}00`,
    () => '/mpesa/callback',
  ] as const;
  return random.pick(forms)();
}

async function post({ http }: Target, path: string, body: string, headers: object): Promise<number> {
  const answer = await http.request({ method: 'POST', path, body, headers: { ...headers } });
  await answer.body.dump();
  return answer.statusCode;
}

function success(checkoutRequestId: string, receipt: string): string {
  return JSON.stringify({
    Body: {
      stkCallback: {
        MerchantRequestID: '29115-34620561-1',
        CheckoutRequestID: checkoutRequestId,
        ResultCode: 0,
        ResultDesc: 'The service request is processed successfully.',
        CallbackMetadata: {
          Item: [
            { Name: 'Amount', Value: 10 },
            { Name: 'MpesaReceiptNumber', Value: receipt },
          ],
        },
      },
    },
  });
}
