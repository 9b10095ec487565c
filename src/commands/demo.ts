import { parseArgs, styleText } from 'node:util';
import { CommandError } from './api/command-error.ts';
import { connect, type Environment } from './api/connect.ts';
import { findKey } from './api/find-key.ts';
import { initiate, type Payment } from './demo/initiate.ts';
import { watchPayment, type Change } from './demo/watch-payment.ts';

const command = 'npm run demo';

const help = `Usage: npm run demo -- [options]

Asks a running Malipo for one payment and watches it live until it is paid or not. It speaks to the server as any app
does: one GraphQL mutation, then a subscription over WebSocket with the payment's watch token.

  --url <url>       where Malipo runs; default http://127.0.0.1:4000
  --phone <number>  who is to pay; default 254700000000, whom only the simulator has
  --amount <KES>    whole shillings; default 10
  --key <key>       an API key; default $MALIPO_KEY, else the development key in $DATA_DIR (./data)
  -h, --help        this text

With the simulator, 254700000001 has too little money, 254700000002 cancels, 254700000003 does not answer, and
254700000028 waits for you to decide. The README lists all of them.

Exit code: 0 when the payment is COMPLETED, else 1.
`;

const money: Record<Environment, string> = {
  SIMULATOR: 'simulator: no money moves',
  SANDBOX: "Safaricom's sandbox: no money moves",
  PRODUCTION: 'PRODUCTION: REAL MONEY MOVES',
};

const colours: Record<string, 'green' | 'red' | 'yellow'> = {
  COMPLETED: 'green',
  CANCELLED: 'red',
  EXPIRED: 'red',
  FAILED: 'red',
};

process.once('SIGINT', () => {
  console.error('\nStopped watching. The payment goes on without us.');
  process.exit(1);
});

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(`\n${styleText('red', error.message, { stream: process.stderr })}\n`);
  process.exitCode = 1;
}

/** Whether the payment was made. Throws a CommandError that says what to do. */
async function main(): Promise<boolean> {
  const { help: wantsHelp, url, phone, amount, key } = readArguments();
  if (wantsHelp) {
    console.log(help);
    return true;
  }
  const server = await connect({ command, url, findKey: () => findKey(command, key, process.env) });
  console.log(`\nMalipo ${server.version} at ${server.url}  (${money[server.environment]})\n`);

  const startedAt = performance.now();
  const say = (word: string, text: string) => console.log(line(performance.now() - startedAt, word, text));
  say('', `asking ${phone} for KES ${amount}`);
  const { id, watchToken } = await initiate(server, { phoneNumber: phone, amount });
  const last = await watchPayment(
    server,
    { id, watchToken },
    {
      changed: ({ status, transaction }) => {
        say(status, transaction.payerMessage);
        if (status === 'UNCONFIRMED') say('', 'still watching; Ctrl+C stops that, and the payment goes on');
      },
      disconnected: () => say('', 'the connection is lost; connecting again'),
    },
  );
  console.log(`\n${ending(last)}\n`);
  return last.status === 'COMPLETED';
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:4000' },
        phone: { type: 'string', default: '254700000000' },
        amount: { type: 'string', default: '10' },
        key: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!/^\d{1,9}$/.test(values.amount))
      throw new CommandError('--amount must be whole shillings, such as 10.');
    return { ...values, amount: Number(values.amount) };
  } catch (error) {
    if (error instanceof TypeError)
      throw new CommandError(`${error.message}\n\nnpm run demo -- --help lists them.`);
    throw error;
  }
}

function line(elapsedMs: number, word: string, text: string): string {
  const time = styleText('dim', `${String(Math.round(elapsedMs)).padStart(7)} ms`);
  return `${time}  ${styleText(colours[word] ?? 'yellow', word.padEnd(15))} ${text}`;
}

function ending({ status, transaction }: Change): string {
  if (status === 'COMPLETED') return styleText('green', paid(transaction));
  const { failureReason, resultCode, resultDescription, canRetry } = transaction;
  const code = resultCode === null ? '' : ` (M-Pesa's code ${resultCode})`;
  return [
    styleText('red', `Not paid: ${failureReason ?? status}${code}`),
    ...(resultDescription === null ? [] : [resultDescription]),
    canRetry
      ? 'Another payment may be offered: run the demo again.'
      : 'Another attempt would end the same: mend the cause first.',
  ].join('\n');
}

function paid({ amount, paidAmount, mpesaReceiptNumber }: Payment): string {
  const receipt =
    mpesaReceiptNumber === null
      ? 'A status query proves it; the receipt comes with the callback.'
      : `Receipt ${mpesaReceiptNumber}.`;
  return `Paid ${(paidAmount ?? amount).formatted}. ${receipt}`;
}
