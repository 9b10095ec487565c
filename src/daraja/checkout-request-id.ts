import { Masked } from '../lib/masked.ts';

/** Safaricom's name for a prompt. It ends in the payer's number, so it is personal data as well. */
export class CheckoutRequestId extends Masked {
  declare readonly is: 'a CheckoutRequestID';

  constructor(id: string) {
    super(id, '[CheckoutRequestID]');
  }
}
