import { createClient, type FormattedExecutionResult } from 'graphql-ws';
import { sleep } from '../../lib/sleep.ts';
import { CommandError } from '../api/command-error.ts';
import type { Api } from '../api/connect.ts';
import type { Payment, WatchedPayment } from './initiate.ts';

export type Change = { sequence: number; status: string; isFinal: boolean; transaction: Payment };

export type Audience = {
  changed(change: Change): void;
  /** The socket dropped; it is opened again and the payment followed from where it was. */
  disconnected(): void;
};

const watchDocument = `
  subscription Watch($id: ID!, $afterSequence: Int) {
    paymentStatus(transactionId: $id, afterSequence: $afterSequence) {
      sequence
      status
      isFinal
      transaction {
        amount { formatted }
        paidAmount { formatted }
        mpesaReceiptNumber
        failureReason
        resultCode
        resultDescription
        canRetry
        payerMessage
      }
    }
  }`;

/** About half a minute of waiting in all, while a server restarts. */
const reconnectPausesMs = [200, 500, 1_000, 2_000, 4_000, 8_000, 16_000];

/** Follows a payment to its end. Gives the last change. */
export async function watchPayment(
  { url }: Pick<Api, 'url'>,
  { id, watchToken }: WatchedPayment,
  audience: Audience,
): Promise<Change> {
  // graphql-ws sends these again after a reconnect, and by then they say what we have seen.
  const variables: { id: string; afterSequence?: number } = { id };
  let last: Change | undefined;
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    connectionParams: { authorization: `Bearer ${watchToken}` },
    retryAttempts: reconnectPausesMs.length,
    retryWait: (retries) => {
      audience.disconnected();
      return sleep(reconnectPausesMs[retries] ?? 0);
    },
    // Node's WebSocket tells of a cut line by an error, browsers by a close.
    shouldRetry: (problem) => !isClose(problem) || problem.code !== forbidden,
  });
  try {
    for await (const result of client.iterate<{ paymentStatus: Change }>({
      query: watchDocument,
      variables,
    })) {
      const change = changeOf(result);
      if (change.sequence <= (variables.afterSequence ?? 0)) continue;
      variables.afterSequence = change.sequence;
      last = change;
      audience.changed(change);
    }
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError(lost(id, error));
  } finally {
    await client.dispose();
  }
  if (last?.isFinal) return last;
  throw new CommandError(lost(id, 'the stream ended early'));
}

/** 4403: the server does not take the watch token. */
const forbidden = 4403;

function isClose(event: unknown): event is { code: number; reason: string } {
  return typeof event === 'object' && event !== null && 'code' in event && 'reason' in event;
}

function changeOf({ data, errors }: FormattedExecutionResult<{ paymentStatus: Change }, unknown>): Change {
  if (data) return data.paymentStatus;
  throw new CommandError(
    `The server ended the watch: ${errors?.map(({ message }) => message).join(' ') ?? ''}`,
  );
}

function lost(id: string, cause: unknown): string {
  const reason = reasonOf(cause);
  return `The payment cannot be watched any more (${reason}). It goes on without us.
See how it ended in GraphiQL: { transaction(by: { id: "${id}" }) { status mpesaReceiptNumber } }`;
}

function reasonOf(cause: unknown): string {
  if (isClose(cause)) return `closed with ${cause.code} ${cause.reason}`.trim();
  const hasMessage = typeof cause === 'object' && cause !== null && 'message' in cause;
  return String((hasMessage && cause.message) || cause);
}
