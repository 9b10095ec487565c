import type { Saying } from './facts.ts';

type Callback = {
  Body?: {
    stkCallback?: {
      ResultCode?: number | string;
      CallbackMetadata?: { Item?: { Name: string; Value?: string | number }[] };
    };
  };
};

/** Reads what the simulator wrote: by no code of Malipo's, or both could be wrong together. */
export function readSaying(body: Buffer): Saying {
  const callback = parse(body)?.Body?.stkCallback;
  if (callback?.ResultCode === undefined) return { kind: 'unreadable' };
  if (String(callback.ResultCode) !== '0') return { kind: 'failed' };
  const items = callback.CallbackMetadata?.Item ?? [];
  const receipt = items.find(({ Name }) => Name === 'MpesaReceiptNumber')?.Value;
  return { kind: 'paid', receipt: String(receipt) };
}

function parse(body: Buffer): Callback | null {
  try {
    return JSON.parse(body.toString()) as Callback;
  } catch {
    return null;
  }
}
