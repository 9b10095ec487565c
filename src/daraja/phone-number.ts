import { Masked, maskPhoneNumber } from '../lib/masked.ts';

/** A payer's number, 2547XXXXXXXX or 2541XXXXXXXX, on its way to Safaricom: personal data, so it prints as 2547*****678. */
export class PhoneNumber extends Masked {
  declare readonly is: 'a phone number';

  constructor(digits: string) {
    super(digits, maskPhoneNumber(digits));
  }
}
