import { Agent, request } from 'undici';

const baseUrl = process.env.MPESA_BASE_URL ?? '';
const passkey = 'simulator';
const dispatcher = new Agent({ connections: 64 });

let token = null;

/** Asks the simulator to prompt the payer; answers with M-Pesa's ids. */
export async function askForPrompt(transactionId, { phoneNumber, amount, accountReference, description }) {
  const Timestamp = timestamp(new Date());
  const { statusCode, body } = await request(`${baseUrl}/mpesa/stkpush/v1/processrequest`, {
    dispatcher,
    method: 'POST',
    headers: { authorization: `Bearer ${await accessToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      BusinessShortCode: '174379',
      Password: Buffer.from(`174379${passkey}${Timestamp}`).toString('base64'),
      Timestamp,
      TransactionType: 'CustomerPayBillOnline',
      Amount: String(amount),
      PartyA: phoneNumber,
      PartyB: '174379',
      PhoneNumber: phoneNumber,
      CallBackURL: `http://127.0.0.1:${process.env.PORT}/callback/${transactionId}`,
      AccountReference: accountReference,
      TransactionDesc: description ?? accountReference,
    }),
  });
  const answer = await body.json();
  if (statusCode !== 200) throw new Error(`M-Pesa answered ${statusCode}`);
  return answer;
}

/** One for all until shortly before its end. */
function accessToken() {
  if (token === null || token.endsAt < Date.now()) {
    token = { endsAt: Date.now() + 3_000_000, value: mintToken() };
  }
  return token.value;
}

async function mintToken() {
  const credentials = Buffer.from('simulator:simulator').toString('base64');
  const { body } = await request(`${baseUrl}/oauth/v1/generate?grant_type=client_credentials`, {
    dispatcher,
    headers: { authorization: `Basic ${credentials}` },
  });
  return (await body.json()).access_token;
}

/** yyyyMMddHHmmss in East Africa. */
function timestamp(at) {
  return new Date(at.getTime() + 3 * 60 * 60 * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
