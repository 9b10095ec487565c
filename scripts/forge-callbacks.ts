/** Posts forged callbacks by the thousand to a server that it starts itself, genuine ones among them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { askForPayment, type AskedPayment } from './fuzz/ask-for-payment.ts';
import { forgeCallbacks } from './fuzz/forge-callbacks.ts';
import { genuineCallback } from './fuzz/genuine-callback.ts';
import { startAttackedServer, type AttackedServer } from './fuzz/server.ts';

const usage = `Usage: npm run forge-callbacks -- [options]

Starts a Malipo on an embedded database (or on DATABASE_URL), asks for payments, and posts forged callbacks that say that
they were paid: to tokens that nobody made, to real tokens with one digit changed, and to the shared path with the ids of
real payments, from allowed addresses and from others. Genuine callbacks for half of the payments come among them. Fails
when a genuine one does not settle its payment with its own receipt, when a forged one changes anything or is answered
with success, or when the server keeps memory or files.

  --forged <n>    how many (default 50000)
  --genuine <n>   how many (default 300); as many payments again get none
  --seconds <n>   how long (default 60)
  --seed <n>      which (default 1)
  --json          print the findings as one line of JSON
  --help          print this`;

const { values } = parseArgs({
  options: {
    forged: { type: 'string', default: '50000' },
    genuine: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** In megabytes: what is kept of the genuine ones, and caches. */
const keptMbMax = 24;

async function run(): Promise<void> {
  const [forged, genuine, seconds, seed] = [values.forged, values.genuine, values.seconds, values.seed].map(
    Number,
  ) as [number, number, number, number];
  await using server = await startAttackedServer({
    DATABASE_URL: process.env['DATABASE_URL'],
    TRUSTED_PROXIES: '127.0.0.1',
    CALLBACK_ALLOWED_IPS: '196.201.214.200',
  });
  const payments: AskedPayment[] = [];
  for (let count = 0; count < genuine * 2; count += 1) payments.push(await askForPayment(server));
  const paid = payments.slice(0, genuine);
  const heapBefore = await server.heapMb();
  const result = await forgeCallbacks(server, {
    count: forged,
    seconds,
    seed,
    knownIds: payments.map(({ checkoutRequestId }) => checkoutRequestId),
    genuine: paid.map((payment) => genuineCallback(server.secret, payment)),
  });
  await sleep(1_000);
  const heapAfter = await server.heapMb();
  const after = await Promise.all(payments.map(({ id }) => read(server, id)));
  const findings = {
    ...result,
    settled: after.slice(0, genuine).filter((payment, index) => isPaid(payment, `GENUINE${index + 1}`))
      .length,
    changedByForgery: after.slice(genuine).filter((payment) => !isUntouched(payment)).length,
    spooled: (await readdir(join(server.dataDir, 'spool'))).filter((name) => name.endsWith('.spool')).length,
    heapMb: { before: heapBefore, after: heapAfter },
  };
  if (values.json) console.log(JSON.stringify(findings));
  else console.dir(findings, { depth: 3 });
  const problems = [
    result.forged !== forged && 'not all forged callbacks were answered',
    Object.keys(result.forgedAnswers).some((status) => status !== '403' && status !== '404') &&
      'a forged callback was answered otherwise than 403 or 404',
    findings.settled !== genuine && 'a genuine callback did not settle its payment',
    findings.changedByForgery > 0 && 'a forged callback changed a payment',
    findings.spooled > 0 && 'something was written to the spool',
    heapAfter > heapBefore + keptMbMax && 'the server kept memory',
  ].filter((problem) => problem !== false);
  for (const problem of problems) console.error(`FAILED: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

type Payment = { status: string; sequence: number; mpesaReceiptNumber: string | null };

async function read({ http, key }: AttackedServer, id: string): Promise<Payment> {
  const answer = await http.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({
      query: 'query ($id: ID!) { transaction(by: { id: $id }) { status sequence mpesaReceiptNumber } }',
      variables: { id },
    }),
  });
  const { data } = (await answer.body.json()) as { data: { transaction: Payment } };
  return data.transaction;
}

function isPaid({ status, sequence, mpesaReceiptNumber }: Payment, receipt: string): boolean {
  return status === 'COMPLETED' && sequence === 3 && mpesaReceiptNumber === receipt;
}

function isUntouched({ status, sequence, mpesaReceiptNumber }: Payment): boolean {
  return status === 'AWAITING_PAYER' && sequence === 2 && mpesaReceiptNumber === null;
}

if (values.help) console.log(usage);
else await run();
