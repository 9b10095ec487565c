import type { ExecutionResult, GraphQLError } from 'graphql';
import { MessageType, type Message } from 'graphql-ws';
import { ResultStream, type ResultListener } from '../../graphql/result-stream.ts';
import type { Outcome } from './run-operation.ts';

/** What is sent: results and errors as they are, which JSON writes as the protocol has them. */
export type Sent = Pick<Message, 'type'> & { id?: string; payload?: unknown };

export type Teller = {
  /** Part of an answer. There is something to wait for where its reader is slow. */
  tell(message: Sent): Promise<void> | undefined;
  send(message: Sent): Promise<void> | undefined;
  forget(operationId: string): void;
};

/** One operation on a socket, until it was answered or its client asked for no more. */
export class Operation implements ResultListener {
  readonly #session: Teller;
  readonly #id: string;
  #stream: ResultStream | null = null;
  #isOver = false;

  constructor(session: Teller, id: string) {
    this.#session = session;
    this.#id = id;
  }

  answer(outcome: Outcome): void {
    if (this.#isOver) return;
    if (outcome instanceof ResultStream) {
      this.#stream = outcome;
      outcome.start(this);
    } else if (isErrors(outcome)) this.#fail(outcome);
    else {
      void this.result(outcome);
      this.end(null);
    }
  }

  /** One that was still being made when its client left is told to nobody: its id may be in use again. */
  result(payload: ExecutionResult): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    return this.#session.tell({ id: this.#id, type: MessageType.Next, payload });
  }

  end(error: GraphQLError | null): void {
    if (error !== null) return this.#fail([error]);
    this.leave();
    void this.#session.send({ id: this.#id, type: MessageType.Complete });
  }

  /** Nothing more is said of it. */
  leave(): void {
    this.#isOver = true;
    this.#stream?.stop();
    this.#session.forget(this.#id);
  }

  #fail(payload: readonly GraphQLError[]): void {
    this.leave();
    void this.#session.send({ id: this.#id, type: MessageType.Error, payload });
  }
}

function isErrors(outcome: Outcome): outcome is readonly GraphQLError[] {
  return Array.isArray(outcome);
}
