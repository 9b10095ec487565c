import { createSourceEventStream, validateSubscriptionArgs, type ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { PaymentStream } from '../feed/payment-stream.ts';
import { ResultStream, type SubscriptionArgs } from './result-stream.ts';

/** Has subscriptions answer with a stream that pushes. Over HTTP, which Yoga writes, it is pulled from. */
export const pushResults: Plugin = {
  onSubscribe: (payload) => payload.setSubscribeFn((args) => subscribe(args as SubscriptionArgs)),
  onExecutionResult: (payload) => {
    const { result } = payload;
    if (result instanceof ResultStream) payload.setResult(result.pulled() as never);
  },
};

async function subscribe(args: SubscriptionArgs): Promise<ResultStream | ExecutionResult> {
  const validated = validateSubscriptionArgs(args);
  if (!('schema' in validated)) return { errors: validated };
  const source = await createSourceEventStream(validated);
  if (source instanceof PaymentStream) return new ResultStream(source, args);
  if ('errors' in source) return source;
  throw new Error('A subscription of this schema is to payments');
}
