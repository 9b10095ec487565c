import { readSimulatorSettings } from '../../../src/simulator/settings.ts';
import type { SimulatorSettings } from '../../../src/simulator/settings.ts';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { CallbackInbox } from './callback-inbox.ts';

export type Fields = Record<string, unknown>;
export type Answer = { status: number; type: string; text: string; json: Fields };

export const timestamp = '20261124120000';
export const password = Buffer.from(`174379passkey${timestamp}`).toString('base64');

/** The reserved number NN. */
export function reserved(nn: number): string {
  return `2547000000${String(nn).padStart(2, '0')}`;
}

/** A simulator with an app in front of it that has a token and a callback endpoint. */
export class TestApp {
  readonly simulator: Simulator;
  readonly inbox: CallbackInbox;
  token = '';

  constructor(simulator: Simulator, inbox: CallbackInbox) {
    this.simulator = simulator;
    this.inbox = inbox;
  }

  static async open(changes: Partial<SimulatorSettings> = {}, clock?: Clock): Promise<TestApp> {
    const settings = { ...readSimulatorSettings({}), port: 0, delayMs: 20, ...changes };
    const app = new TestApp(await createSimulator(settings, clock), await CallbackInbox.open());
    await app.authenticate();
    return app;
  }

  async authenticate(credentials = 'key:secret'): Promise<Answer> {
    const answer = await this.send('GET', '/oauth/v1/generate?grant_type=client_credentials', {
      headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    });
    this.token = String(answer.json['access_token']);
    return answer;
  }

  push(phone: string, changes: Fields = {}): Promise<Answer> {
    return this.post('/mpesa/stkpush/v1/processrequest', { ...this.pushFields(phone), ...changes });
  }

  /** Pushes and gives the CheckoutRequestID. */
  async prompt(phone: string, changes: Fields = {}): Promise<string> {
    const { json } = await this.push(phone, changes);
    return String(json['CheckoutRequestID']);
  }

  query(CheckoutRequestID: unknown, changes: Fields = {}): Promise<Answer> {
    const fields = {
      BusinessShortCode: '174379',
      Password: password,
      Timestamp: timestamp,
      CheckoutRequestID,
    };
    return this.post('/mpesa/stkpushquery/v1/query', { ...fields, ...changes });
  }

  async queryCode(checkoutRequestId: string): Promise<unknown> {
    const { json } = await this.query(checkoutRequestId);
    return json['ResultCode'] ?? json['errorMessage'];
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, {
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': 'application/json',
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  control(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.send(method, `/_simulator${path}`, body === undefined ? {} : { body: JSON.stringify(body) });
  }

  async payments(): Promise<Fields[]> {
    const { text } = await this.control('GET', '/payments');
    return JSON.parse(text) as Fields[];
  }

  async stats(): Promise<Fields> {
    return (await this.control('GET', '/stats')).json;
  }

  /** Waits until the payer of a payment that has no callback has decided. */
  async untilDecided(checkoutRequestId: string): Promise<void> {
    const payments = await this.payments();
    const payment = payments.find((each) => each['CheckoutRequestID'] === checkoutRequestId);
    if (payment?.['state'] !== 'decided') await this.untilDecided(checkoutRequestId);
  }

  pushFields(phone: string): Fields {
    return {
      BusinessShortCode: 174379,
      Password: password,
      Timestamp: timestamp,
      TransactionType: 'CustomerPayBillOnline',
      Amount: 10,
      PartyA: phone,
      PartyB: 174379,
      PhoneNumber: phone,
      CallBackURL: this.inbox.url,
      AccountReference: 'INV-1',
      TransactionDesc: 'Test',
    };
  }

  async send(method: string, path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.simulator.url + path, { method, ...init });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const json = type.startsWith('application/json') ? (JSON.parse(text) as Fields) : {};
    return { status: response.status, type, text, json };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulator.close();
    await this.inbox[Symbol.asyncDispose]();
  }
}
