import {
  execute,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
} from 'graphql';
import type { ChangeListener, Failure } from '../feed/change-listener.ts';
import type { PaymentChange } from '../feed/change-reader.ts';
import type { PaymentStream } from '../feed/payment-stream.ts';
import type { Context } from './context.ts';
import { maskError } from './errors.ts';

/** Whom a stream of results tells. */
export type ResultListener = {
  /** The next result. What it answers with is waited for before another is told. */
  result(result: ExecutionResult): Promise<void> | undefined;
  /** Nothing follows. Not told to one who has left. */
  end(error: GraphQLError | null): void;
};

/** The arguments of a subscription, as all three transports make them. */
export type SubscriptionArgs = ExecutionArgs & { contextValue: Context };

/**
 * What a subscription answers with: its selection, executed for each change. It pushes, and keeps of the request only what
 * that takes, because thousands of them wait for most of their lives.
 */
export class ResultStream implements ChangeListener {
  readonly #source: PaymentStream;
  readonly #document: DocumentNode;
  readonly #operationName: ExecutionArgs['operationName'];
  readonly #variables: ExecutionArgs['variableValues'];
  readonly #context: Context;
  readonly #schema: ExecutionArgs['schema'];
  #listener: ResultListener | null = null;

  constructor(source: PaymentStream, args: SubscriptionArgs) {
    const { deps, viewer, requestId, isGone } = args.contextValue;
    this.#source = source;
    this.#document = args.document;
    this.#operationName = args.operationName;
    this.#variables = args.variableValues;
    this.#context = { deps, viewer, requestId, isGone };
    this.#schema = args.schema;
  }

  /** Once. */
  start(listener: ResultListener): void {
    this.#listener = listener;
    this.#source.start(this);
  }

  /** At once. */
  stop(): void {
    this.#source.stop();
  }

  /** For one who pulls instead. */
  pulled(): AsyncIterableIterator<ExecutionResult> {
    const changes = this.#source[Symbol.asyncIterator]();
    return {
      next: async () => {
        try {
          const { done, value } = await changes.next();
          return done ? { done, value } : { done: false, value: await this.#resultOf(value) };
        } catch (error) {
          throw this.#mask(error);
        }
      },
      return: async () => {
        await changes.return();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  change(change: PaymentChange): Promise<void> | undefined {
    const result = this.#resultOf(change);
    if (result instanceof Promise) return result.then((later) => this.#listener?.result(later));
    return this.#listener?.result(result);
  }

  end(failure: Failure | null): void {
    this.#listener?.end(failure === null ? null : this.#mask(failure.error));
  }

  #resultOf(change: PaymentChange): ExecutionResult | Promise<ExecutionResult> {
    const result = execute({
      schema: this.#schema,
      document: this.#document,
      rootValue: change,
      // One for each: what is loaded for a context is kept with it.
      contextValue: { ...this.#context },
      variableValues: this.#variables,
      operationName: this.#operationName,
    });
    return result instanceof Promise ? result.then((later) => this.#masked(later)) : this.#masked(result);
  }

  #masked(result: ExecutionResult): ExecutionResult {
    const { errors } = result;
    return errors === undefined ? result : { ...result, errors: errors.map((error) => this.#mask(error)) };
  }

  #mask(error: unknown): GraphQLError {
    return maskError(this.#context.deps.logger, error, this.#context.requestId);
  }
}
