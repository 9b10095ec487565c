import { openWebSocket } from './web-socket-client.ts';
import { globalId } from './open-payments.ts';

/** A client of `graphql-transport-ws` with one subscription to one payment at a time. */
export type PaymentWatcher = {
  /** Resolves with the present state, by when the watcher is told of every later one. */
  watch(rowId: string): Promise<void>;
  close(): void;
};

export type WatcherSettings = {
  port: number;
  /** An API key or a watch token. */
  credential: string;
  localAddress?: string;
  /** A later change than the present state came, at this moment. */
  onChange: (at: number, isFinal: boolean) => void;
  /** The subscription has ended, as it does after the last change. */
  onEnd: () => void;
  /** What nobody expects. */
  onTrouble: (trouble: string) => void;
};

const query = 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { sequence status isFinal } }';

/** Resolves when it was let in. */
export async function openWatcher(settings: WatcherSettings): Promise<PaymentWatcher> {
  const { credential, onChange, onEnd, onTrouble } = settings;
  let isClosing = false;
  let letIn: () => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  let arrive: (() => void) | null = null;
  let subscriptions = 0;
  const trouble = (text: string): void => {
    refuse(new Error(text));
    if (!isClosing) onTrouble(text);
  };
  const onText = (text: string): void => {
    const at = performance.now();
    if (text.includes('"type":"next"')) {
      if (text.includes('"errors"')) trouble(text);
      if (arrive === null) return onChange(at, text.includes('"isFinal":true'));
      arrive();
      arrive = null;
    } else if (text.includes('"type":"complete"')) onEnd();
    else if (text.includes('"type":"connection_ack"')) letIn();
    else trouble(text);
  };
  const socket = await openWebSocket({
    ...settings,
    protocol: 'graphql-transport-ws',
    onText,
    onClose: (reason) => trouble(`A watcher's socket was closed: ${reason}`),
  });
  await new Promise<void>((resolve, reject) => {
    letIn = resolve;
    refuse = reject;
    const payload = { authorization: `Bearer ${credential}` };
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
  });
  return {
    watch: (rowId) =>
      new Promise((resolve, reject) => {
        arrive = resolve;
        refuse = reject;
        const payload = { query, variables: { id: globalId(rowId) } };
        socket.send(JSON.stringify({ id: String((subscriptions += 1)), type: 'subscribe', payload }));
      }),
    close() {
      isClosing = true;
      socket.close();
    },
  };
}
