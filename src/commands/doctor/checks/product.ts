import type { StkQueryAnswer } from '../../../daraja/stk-query.ts';
import type { Check } from '../check.ts';
import { ok, problem, warning, type Finding } from '../finding.ts';

/** Whether the app may use M-Pesa Express at all: Daraja says so before it looks at anything else. */
export const product: Check = {
  name: 'product',
  settings: ['MPESA_ENVIRONMENT', 'MPESA_BASE_URL', 'MPESA_BUSINESS_SHORTCODE', 'MPESA_PASSKEY'],
  after: ['credentials'],
  async run({ daraja }) {
    return [judge(await daraja.askOfNothing())];
  },
};

function judge(answer: StkQueryAnswer): Finding {
  switch (answer.outcome) {
    case 'invalid-token':
      return problem(
        'TOKEN_CONTENDED',
        answer.message,
        'The access token was seconds old: another system fetches tokens with the same consumer key, and each cancels the one before.',
        'Run the doctor again. If it says the same, give each system an app of its own on the Daraja portal.',
      );
    case 'throttled':
      return warning(
        'DARAJA_BUSY',
        answer.message,
        'Safaricom answers only so many status queries in a minute, and a running server asks too. Nothing is known of product, short code and passkey.',
        'Run the doctor again in a minute.',
      );
    case 'no-answer':
      return problem(
        'DARAJA_GAVE_NO_ANSWER',
        answer.message,
        'Safaricom gives tokens and does not serve M-Pesa Express now, or something stands between. Payments asked for now would stay unconfirmed.',
        'Run the doctor again in a few minutes. A web page (HTML) comes from the firewall in front of Daraja: if it lasts, ask Safaricom to unblock the address of this server.',
      );
    case 'refused':
      if (answer.kind === 'not-entitled') {
        return problem(
          'PRODUCT_MISSING',
          answer.message,
          'The credentials are right, and the app on the Daraja portal lacks the product "M-Pesa Express". A new token does not help.',
          'Add the product to the app on the Daraja portal, or use the keys of an app that has it.',
        );
      }
      return served();
    case 'too-early-or-unknown-id':
    case 'pending':
    case 'result':
      return served();
  }
}

function served(): Finding {
  return ok('PRODUCT_SERVED', 'Daraja took a status query.', 'The app has the product "M-Pesa Express".');
}
