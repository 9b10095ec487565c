/** What the test uses of Safaricom's own library, which has no types. */
declare module 'mpesa-node' {
  type Answer = { status: number; data: Record<string, unknown> };

  class Mpesa {
    constructor(config: {
      consumerKey: string;
      consumerSecret: string;
      lipaNaMpesaShortCode: string;
      lipaNaMpesaShortPass: string;
    });
    baseURL: string;
    lipaNaMpesaOnline(phone: number, amount: number, callbackUrl: string, reference: string): Promise<Answer>;
    lipaNaMpesaQuery(checkoutRequestId: string): Promise<Answer>;
  }

  export = Mpesa;
}
