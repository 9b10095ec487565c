import { expect, it } from 'vitest';
import { Operation, type Sent } from '../../src/http/socket/operation.ts';

function createOperation() {
  const sent: Sent[] = [];
  const send = (message: Sent) => void sent.push(message);
  return { sent, operation: new Operation({ tell: send, send, forget: () => undefined }, '1') };
}

it('is answered, and over', () => {
  const { sent, operation } = createOperation();
  operation.answer({ data: { paid: true } });
  expect(sent).toEqual([
    { id: '1', type: 'next', payload: { data: { paid: true } } },
    { id: '1', type: 'complete' },
  ]);
});

it('tells nothing to a client that has left, whose next operation may have the same id', () => {
  const { sent, operation } = createOperation();
  operation.leave();
  operation.answer({ data: { paid: true } });
  void operation.result({ data: { paid: true } });
  expect(sent).toEqual([]);
});
