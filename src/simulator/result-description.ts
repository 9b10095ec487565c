/** Safaricom's own words for each code (daraja.md §5), full stops and all. */
const descriptions: Readonly<Record<string, string>> = {
  '0': 'The service request is processed successfully.',
  '1': 'The balance is insufficient for the transaction.',
  '17': 'Rule limited.',
  '26': 'System busy. Traffic blocking condition in place.',
  '1001': 'Unable to lock subscriber, a transaction is already in process for the current subscriber',
  '1019': 'Transaction has expired',
  '1025': 'An error occurred while sending a push request',
  '1032': 'Request cancelled by user',
  '1036': '[STK_CB - ]SMSC ACK timeout.',
  '1037': 'DS timeout user cannot be reached',
  '2001': 'The initiator information is invalid.',
  '4999': 'The transaction is still under processing',
  E3008: 'Error, the user has a bad debt contract.',
  SFC_IC0003: 'The operator does not exist.',
};

/** The control API may name any code; one that is not on the list gets a text that claims nothing. */
export function resultDescription(resultCode: string): string {
  return descriptions[resultCode] ?? `Result ${resultCode}`;
}
