import { DarajaError } from '../../../daraja/daraja-error.ts';
import type { DarajaErrorReason } from '../../../daraja/daraja-error.ts';
import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { ok, problem, skipped, type Finding } from '../finding.ts';

/** Whether Safaricom gives an access token for key and secret. */
export const credentials: Check = {
  name: 'credentials',
  settings: ['MPESA_ENVIRONMENT', 'MPESA_BASE_URL', 'MPESA_CONSUMER_KEY', 'MPESA_CONSUMER_SECRET'],
  after: [],
  async run(context) {
    try {
      await context.daraja.token();
    } catch (error) {
      if (!(error instanceof DarajaError)) throw error;
      return [refusal(error, context)];
    }
    const saw = `${context.config.environment === 'SIMULATOR' ? 'The simulator' : 'Daraja'} gave an access token.`;
    return [ok('CREDENTIALS_TAKEN', saw, 'Consumer key and consumer secret are right for this environment.')];
  },
};

const codes: Record<DarajaErrorReason, string> = {
  'wrong-credentials': 'CREDENTIALS_WRONG',
  'wrong-environment': 'CREDENTIALS_OF_SANDBOX',
  'bad-request': 'OAUTH_NOT_DARAJA',
  busy: 'DARAJA_BUSY',
  firewall: 'DARAJA_FIREWALL',
  'timed-out': 'DARAJA_TIMED_OUT',
  'no-connection': 'DARAJA_UNREACHABLE',
  'bad-answer': 'OAUTH_ANSWER_UNKNOWN',
  'token-contended': 'TOKEN_CONTENDED',
  'token-awaited': 'TOKEN_AWAITED',
};

/** DarajaError's message says what was said and what it means in one go, and its advice last. */
function refusal(error: DarajaError, { config, addresses }: Context): Finding {
  if (config.simulator !== null && error.reason === 'no-connection') {
    return skipped(
      'SIMULATOR_NOT_RUNNING',
      `The built-in simulator does not answer at ${addresses.daraja ?? 'SIMULATOR_PORT 0'}.`,
      'It runs within the server, and the server does not run.',
      'npm start, and run the doctor again.',
    );
  }
  const saw = error.message.replace(error.advice, '').trim();
  return problem(
    codes[error.reason],
    saw,
    'Without an access token no payment can be asked for.',
    error.advice,
  );
}
