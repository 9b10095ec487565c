/** What the servers here say alike of a payment, whatever they are made of. */
const shillings = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const open = new Set(['REQUESTED', 'AWAITING_PAYER', 'UNCONFIRMED']);

export const isFinal = (status) => !open.has(status);

export const formatted = ({ amountMinor, currency }) => `${currency} ${shillings.format(amountMinor / 100)}`;

export const globalId = (id) => Buffer.from(`Transaction:${id}`).toString('base64');

export const readGlobalId = (text) =>
  Buffer.from(text, 'base64')
    .toString()
    .replace(/^Transaction:/, '');

export const cursorOf = (id) => Buffer.from(`after:${id}`).toString('base64url');

export const readCursor = (cursor) =>
  Buffer.from(cursor, 'base64url')
    .toString()
    .replace(/^after:/, '');
