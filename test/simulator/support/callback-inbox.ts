import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type Post = { path: string; contentType: string | undefined; body: string };

/** An app's callback endpoint: queues what is posted, so that no test races the simulator. */
export class CallbackInbox {
  readonly posts: Post[] = [];
  readonly #server = createServer((request, response) => void this.#receive(request, response));
  readonly #waiting: ((post: Post) => void)[] = [];
  #taken = 0;

  static async open(): Promise<CallbackInbox> {
    const inbox = new CallbackInbox();
    await new Promise<void>((resolve) => inbox.#server.listen(0, '127.0.0.1', resolve));
    return inbox;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/cb/secret`;
  }

  /** The next post in order of arrival, waiting for it if need be. */
  async next(): Promise<Post> {
    const post = this.posts[this.#taken];
    this.#taken += 1;
    return post ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  async nextCallback(): Promise<StkCallback> {
    const { body } = await this.next();
    return parseCallback(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const post = {
      path: request.url ?? '',
      contentType: request.headers['content-type'],
      body: await text(request),
    };
    response.setHeader('content-type', 'application/json');
    response.end('{"ResultCode":0,"ResultDesc":"Success"}');
    this.posts.push(post);
    this.#waiting.shift()?.(post);
  }
}

export type StkCallback = {
  MerchantRequestID: string;
  CheckoutRequestID: string;
  ResultCode: number | string;
  ResultDesc: string;
  CallbackMetadata?: { Item: { Name: string; Value?: number | string }[] };
};

export function parseCallback(body: string): StkCallback {
  const { Body } = JSON.parse(body) as { Body: { stkCallback: StkCallback } };
  return Body.stkCallback;
}

/** The value of an item of a success callback; undefined if the item or its value is missing. */
export function itemOf(callback: StkCallback, name: string): number | string | undefined {
  return callback.CallbackMetadata?.Item.find((item) => item.Name === name)?.Value;
}
